// Refusing a function of CANN that the simulator does not have.
#pragma once

#include <string_view>

#include "core/export.h"

namespace softcann {

// What the runtime answers (ACL_ERROR_API_NOT_SUPPORT), and what libhccl does (HCCL_E_NOT_SUPPORT). Never
// ACL_ERROR_RT_FEATURE_NOT_SUPPORT: torch_npu takes that for an old driver, warns once and goes on.
inline constexpr int kNotSupported = 200001;
inline constexpr int kHcclNotSupported = 5;

// Sets a recent error that names the function, and returns `code`; fatal on torch_npu's queue (queue.h).
SOFTCANN_EXPORT int refuse(std::string_view function, int code = kNotSupported);

}  // namespace softcann
