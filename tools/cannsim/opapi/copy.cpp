// Copies, casts, fills.
#include <ATen/ops/arange.h>
#include <ATen/ops/eye.h>
#include <ATen/ops/linspace.h>

#include "opapi/op.h"

namespace cannsim {
namespace {

// One of ATen's 0-dimensional tensors counts as a value; the device's fill takes any tensor of one element.
Tensor value_of(const Tensor& tensor) {
  TORCH_CHECK(tensor.numel() == 1, "the fill value has ", tensor.numel(), " elements");
  return tensor.reshape({});
}

}  // namespace

// CANN broadcasts the source of this one.
OP(aclnnInplaceCopy, (InOut, self), (Tensor, source)) { self.copy_(source); }

OP(aclnnCast, (Tensor, self), (at::ScalarType, type), (Out, out)) {
  TORCH_CHECK(out.scalar_type() == type, "the output is ", out.scalar_type(), ", asked for is ", type);
  put(out, self);
}

OP(aclnnInplaceFillScalar, (InOut, self), (Scalar, value)) { self.fill_(value); }
OP(aclnnInplaceFillTensor, (InOut, self), (Tensor, value)) { self.fill_(value_of(value)); }
OP(aclnnInplaceZero, (InOut, self)) { self.zero_(); }
OP(aclnnInplaceOne, (InOut, self)) { self.fill_(1); }

OP(aclnnArange, (Scalar, start), (Scalar, end), (Scalar, step), (Out, out)) {
  put(out, at::arange(start, end, step, out.options()));
}

// torch_npu asks for `range` also when it wants arange: the output's length decides whether the end is included.
OP(aclnnRange, (Scalar, start), (Scalar, end), (Scalar, step), (Out, out)) {
  auto all = at::range(start, end, step, out.options());
  put(out, all);
}

OP(aclnnLinspace, (Scalar, start), (Scalar, end), (std::int64_t, steps), (Out, out)) {
  put(out, at::linspace(start, end, steps, out.options()));
}

OP(aclnnEye, (std::int64_t, rows), (std::int64_t, columns), (Out, out)) {
  put(out, at::eye(rows, columns, out.options()));
}

}  // namespace cannsim
