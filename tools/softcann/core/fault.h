// Injected faults: SOFTCANN_FAULT names the call that fails, and how. See "Switches" in README.md.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/export.h"

namespace softcann {

// The fault to inject into one call of an op.
struct OpFault {
  enum class Kind { error, flip } kind = Kind::error;
  int output = 0;            // flip: index among the op's outputs
  std::int64_t element = 0;  // flip: index into that output, in logical (row-major) order
  int bit = 0;               // flip: 0 is the least significant bit of the element
};

// Count a call of `op` (such as "aclnnMul") and return the fault to inject into it. Use it once for each
// call.
SOFTCANN_EXPORT std::optional<OpFault> fault_of_op(std::string_view op);

// Count a device allocation and return whether it must fail as if memory were full.
SOFTCANN_EXPORT bool fault_of_allocation();

// Why SOFTCANN_FAULT cannot be parsed; empty when it can.
SOFTCANN_EXPORT std::string fault_syntax_error();

}  // namespace softcann
