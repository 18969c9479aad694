// The shapes that results have, and the check that an output has the shape of its result.
#pragma once

#include "opapi/arguments.h"
#include "opapi/executor.h"

namespace softcann {

using Shape = std::vector<std::int64_t>;

// The common shape of tensors that broadcast. Throws when they do not.
Shape broadcast(at::IntArrayRef first, at::IntArrayRef second);
template <typename... Rest>
Shape broadcast(const Tensor& first, const Rest&... rest) {
  Shape shape = first.sizes().vec();
  ((shape = broadcast(shape, rest.sizes())), ...);
  return shape;
}

// What is left of `self` when `dims` are reduced, all of them when none is named.
Shape reduced(const Tensor& self, at::IntArrayRef dims, bool keepdim);

// `self` with `size` in place of dimension `dim`.
Shape with_size(const Tensor& self, std::int64_t dim, std::int64_t size);

// The shape of torch.matmul's result.
Shape product(const Tensor& left, const Tensor& right);

// planned() of an op with an output; in phase 1 throws when `out` is not of that shape.
bool planned(const Tensor& out, at::IntArrayRef shape);

// Whether every output that is wanted is there.
bool covers(const Mask3& wanted, const OptionalTensor& first, const OptionalTensor& second,
            const OptionalTensor& third);

// Write `result` to `out`, which must have its shape already: `copy_` alone would broadcast.
void put(Tensor& out, const Tensor& result);

}  // namespace softcann
