#include "opapi/result_shape.h"

#include <ATen/ExpandUtils.h>
#include <ATen/WrapDimUtils.h>
#include <ATen/WrapDimUtilsMulti.h>

namespace softcann {

Shape broadcast(at::IntArrayRef first, at::IntArrayRef second) { return at::infer_size(first, second); }

Shape reduced(const Tensor& self, at::IntArrayRef dims, bool keepdim) {
  const auto reduced_dims = at::dim_list_to_bitset(at::OptionalIntArrayRef(dims), self.dim());
  Shape shape;
  for (std::int64_t axis = 0; axis < self.dim(); ++axis) {
    const bool is_reduced = dims.empty() || reduced_dims[axis];
    if (!is_reduced) shape.push_back(self.size(axis));
    if (is_reduced && keepdim) shape.push_back(1);
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
  TORCH_CHECK(left.dim() > 0 && right.dim() > 0, "a matrix product does not take a scalar");
  const auto inner = right.size(right.dim() > 1 ? -2 : 0);
  TORCH_CHECK(left.size(-1) == inner, "shapes ", left.sizes(), " and ", right.sizes(),
              " do not fit a matrix product");
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
  TORCH_CHECK(out.sizes() == shape, "the result has shape ", shape, ", the output has shape ", out.sizes());
  return true;
}

bool covers(const Mask3& wanted, const OptionalTensor& first, const OptionalTensor& second,
            const OptionalTensor& third) {
  return (!wanted[0] || first) && (!wanted[1] || second) && (!wanted[2] || third);
}

void put(Tensor& out, const Tensor& result) {
  TORCH_CHECK(out.sizes() == result.sizes(), "the result has shape ", result.sizes(),
              ", the output has shape ", out.sizes());
  out.copy_(result);
}

}  // namespace softcann
