// Refusing a function of CANN that the simulator does not have.
#pragma once

#include <string_view>

#include "core/export.h"

namespace cannsim {

// What the runtime answers (ACL_ERROR_RT_FEATURE_NOT_SUPPORT), and what libhccl does (HCCL_E_NOT_SUPPORT).
inline constexpr int kNotSupported = 207000;
inline constexpr int kHcclNotSupported = 5;

// Sets a recent error that names the function, and returns `code`.
CANNSIM_EXPORT int refuse(std::string_view function, int code = kNotSupported);

}  // namespace cannsim
