#include "opapi/precision.h"

#include <ATen/Parallel.h>
#include <ATen/ops/empty_like.h>

#include <bit>

namespace softcann {
namespace {

constexpr int dropped_bits = 23 - 11;
constexpr std::uint32_t exponent_mask = 0x7f800000U;

// Has no branches, so that the compiler can vectorise the loop.
float round_to_hf32(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  const auto odd = (bits >> dropped_bits) & 1U;
  const auto rounded = (bits + (1U << (dropped_bits - 1)) - 1U + odd) & ~((1U << dropped_bits) - 1U);
  const bool finite = (bits & exponent_mask) != exponent_mask;
  return std::bit_cast<float>(finite ? rounded : bits);
}

Tensor to_hf32(const Tensor& operand) {
  // A dense operand keeps its strides, so that a transposed weight stays transposed in the product.
  const auto source = operand.is_non_overlapping_and_dense() ? operand : operand.contiguous();
  auto result = at::empty_like(source);
  const auto* from = source.const_data_ptr<float>();
  auto* to = result.mutable_data_ptr<float>();
  at::parallel_for(0, source.numel(), at::internal::GRAIN_SIZE, [&](std::int64_t begin, std::int64_t end) {
    for (auto i = begin; i < end; ++i) to[i] = round_to_hf32(from[i]);
  });
  return result;
}

}  // namespace

Tensor cube_operand(const Tensor& operand, CubeMath math) {
  if (operand.scalar_type() != at::kFloat || math == CubeMath::keep) return operand;
  if (math == CubeMath::half) return operand.to(at::kHalf).to(at::kFloat);
  return to_hf32(operand);
}

OptionalTensor cube_operand(const OptionalTensor& operand, CubeMath math) {
  return operand ? OptionalTensor(cube_operand(*operand, math)) : operand;
}

}  // namespace softcann
