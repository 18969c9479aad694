// How the chip's matrix unit rounds float32: CANN's cubeMathType.
#pragma once

#include "opapi/arguments.h"

namespace softcann {

// The operand rounded as the matrix unit rounds it; the operand itself, not a copy, when no rounding is
// needed.
//   keep                  unchanged
//   allow_down_precision  HF32, as on the chip
//   half                  float16
//   hf32                  float32's range with 11 bits of mantissa, to nearest, ties to even
// Infinities, NaNs and types other than float32 are unchanged. Sums stay in float32.
Tensor cube_operand(const Tensor& operand, CubeMath math);
OptionalTensor cube_operand(const OptionalTensor& operand, CubeMath math);

}  // namespace softcann
