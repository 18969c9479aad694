// How the chip's matrix unit rounds float32: CANN's cubeMathType.
#pragma once

#include "opapi/arguments.h"

namespace softcann {

// An operand as the matrix unit takes it; the operand itself, not a copy, where nothing is to be rounded.
//   keep                  unchanged
//   allow_down_precision  HF32, as the chip does where it may
//   half                  float16
//   hf32                  float32's range with 11 bits of mantissa, to nearest, ties to even
// Infinities and NaNs pass; types other than float32 pass. Sums stay in float32.
Tensor cube_operand(const Tensor& operand, CubeMath math);
OptionalTensor cube_operand(const OptionalTensor& operand, CubeMath math);

}  // namespace softcann
