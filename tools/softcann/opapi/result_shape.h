// Computes the shapes of results and checks that outputs have them.
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

// The shape of `self` after `dims` are reduced; empty `dims` means all dimensions.
Shape reduced(const Tensor& self, at::IntArrayRef dims, bool keepdim);

// The shape of `self` with dimension `dim` replaced by `size`.
Shape with_size(const Tensor& self, std::int64_t dim, std::int64_t size);

// The shape of torch.matmul's result.
Shape product(const Tensor& left, const Tensor& right);

// planned() for an op with an output: in phase 1 it throws when `out` does not have `shape`.
bool planned(const Tensor& out, at::IntArrayRef shape);

// Whether every output that `wanted` requests is given.
bool covers(const Mask3& wanted, const OptionalTensor& first, const OptionalTensor& second,
            const OptionalTensor& third);

// Copy `result` to `out`. Throws when the shapes differ, where `copy_` alone would broadcast.
void put(Tensor& out, const Tensor& result);

}  // namespace softcann
