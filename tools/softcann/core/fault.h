// Faults on request: SOFTCANN_FAULT says which call goes wrong, and how. README.md, "Switches".
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/export.h"

namespace softcann {

// What is to go wrong in one call of an op.
struct OpFault {
  enum class Kind { error, flip } kind = Kind::error;
  int output = 0;            // flip: index among the op's outputs
  std::int64_t element = 0;  // flip: index into that output, in logical (row-major) order
  int bit = 0;               // flip: 0 is the least significant bit of the element
};

// Counts this call of `op` (as "aclnnMul") and returns the fault asked for it. Call it once a call.
SOFTCANN_EXPORT std::optional<OpFault> fault_of_op(std::string_view op);

// Counts this device allocation and says whether it is to fail as if memory were full.
SOFTCANN_EXPORT bool fault_of_allocation();

// Why SOFTCANN_FAULT cannot be read; empty when it can.
SOFTCANN_EXPORT std::string fault_syntax_error();

}  // namespace softcann
