#include "opapi/shapes.h"

#include <ATen/ExpandUtils.h>
#include <ATen/WrapDimUtils.h>
#include <ATen/WrapDimUtilsMulti.h>

namespace softcann {

Shape broadcast(at::IntArrayRef first, at::IntArrayRef second) { return at::infer_size(first, second); }

Shape reduced(const Tensor& self, at::IntArrayRef dims, bool keepdim) {
  const auto gone = at::dim_list_to_bitset(at::OptionalIntArrayRef(dims), self.dim());
  Shape shape;
  for (std::int64_t axis = 0; axis < self.dim(); ++axis) {
    const bool is_gone = dims.empty() || gone[axis];
    if (!is_gone) shape.push_back(self.size(axis));
    if (is_gone && keepdim) shape.push_back(1);
  }
  return shape;
}

Shape with_size(const Tensor& self, std::int64_t dim, std::int64_t size) {
  Shape shape = self.sizes().vec();
  const auto axis = at::maybe_wrap_dim(dim, self.dim());
  if (!shape.empty()) shape[axis] = size;
  return shape;
}

Shape product(const Tensor& left, const Tensor& right) {
  TORCH_CHECK(left.dim() > 0 && right.dim() > 0, "a matrix product of a scalar");
  const auto inner = right.size(right.dim() > 1 ? -2 : 0);
  TORCH_CHECK(left.size(-1) == inner, "a matrix product of ", left.sizes(), " and ", right.sizes());
  const auto batch = [](const Tensor& tensor) {
    return tensor.sizes().slice(0, std::max<std::int64_t>(tensor.dim(), 2) - 2);
  };
  auto shape = broadcast(left.dim() > 1 ? batch(left) : at::IntArrayRef(),
                         right.dim() > 1 ? batch(right) : at::IntArrayRef());
  if (left.dim() > 1) shape.push_back(left.size(-2));
  if (right.dim() > 1) shape.push_back(right.size(-1));
  return shape;
}

bool planned(const Tensor& out, at::IntArrayRef shape) {
  if (!planned()) return false;
  TORCH_CHECK(out.sizes() == shape, "the result has shape ", shape, ", but the output ", out.sizes());
  return true;
}

bool covers(const Mask3& wanted, const OptionalTensor& first, const OptionalTensor& second,
            const OptionalTensor& third) {
  return (!wanted[0] || first) && (!wanted[1] || second) && (!wanted[2] || third);
}

void put(Tensor& out, const Tensor& result) {
  TORCH_CHECK(out.sizes() == result.sizes(), "the result has shape ", result.sizes(), ", but the output ",
              out.sizes());
  out.copy_(result);
}

}  // namespace softcann
