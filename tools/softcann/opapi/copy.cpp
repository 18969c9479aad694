// Copies, casts, fills.
#include <ATen/ATen.h>

#include "opapi/op.h"

namespace softcann {

// CANN broadcasts the source of this op.
OP(aclnnInplaceCopy, (InOut, self), (Tensor, source)) {
  if (planned(self, broadcast(self, source))) return;
  self.copy_(source);
}

OP(aclnnCast, (Tensor, self), (at::ScalarType, type), (Out, out)) {
  TORCH_CHECK(out.scalar_type() == type, "the output has type ", out.scalar_type(),
              ", the requested type is ", type);
  if (planned(out, self.sizes())) return;
  out.copy_(self);
}

OP(aclnnInplaceFillScalar, (InOut, self), (Scalar, value)) {
  if (planned()) return;
  self.fill_(value);
}
OP(aclnnInplaceFillTensor, (InOut, self), (Tensor, value)) {
  TORCH_CHECK(value.numel() == 1, "the fill value has ", value.numel(), " elements");
  if (planned()) return;
  self.fill_(value.reshape({}));
}
OP(aclnnInplaceZero, (InOut, self)) {
  if (planned()) return;
  self.zero_();
}
OP(aclnnInplaceOne, (InOut, self)) {
  if (planned()) return;
  self.fill_(1);
}

// The caller computes the number of steps and passes it as the output's length.
OP(aclnnArange, (Scalar, start), (Scalar, end), (Scalar, step), (Out, out)) {
  TORCH_CHECK(out.dim() == 1, "the output has ", out.dim(), " dimensions, not 1");
  if (planned()) return;
  put(out, at::arange(start, end, step, out.options()));
}
OP(aclnnRange, (Scalar, start), (Scalar, end), (Scalar, step), (Out, out)) {
  TORCH_CHECK(out.dim() == 1, "the output has ", out.dim(), " dimensions, not 1");
  if (planned()) return;
  at::range_out(out, start, end, step);
}

OP(aclnnLinspace, (Scalar, start), (Scalar, end), (std::int64_t, steps), (Out, out)) {
  if (planned(out, {steps})) return;
  at::linspace_out(out, start, end, steps);
}

OP(aclnnEye, (std::int64_t, rows), (std::int64_t, columns), (Out, out)) {
  if (planned(out, {rows, columns})) return;
  at::eye_out(out, rows, columns);
}

}  // namespace softcann
