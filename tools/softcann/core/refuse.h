// Refuses a function of CANN that the simulator does not implement.
#pragma once

#include <string_view>

#include "core/export.h"

namespace softcann {

// The codes of the runtime (ACL_ERROR_API_NOT_SUPPORT) and of libhccl (HCCL_E_NOT_SUPPORT). Not
// ACL_ERROR_RT_FEATURE_NOT_SUPPORT: for torch_npu that means an old driver; it warns once and continues.
inline constexpr int kNotSupported = 200001;
inline constexpr int kHcclNotSupported = 5;

// Set a recent error that names the function and return `code`; on torch_npu's queue thread, abort (queue.h).
SOFTCANN_EXPORT int refuse(std::string_view function, int code = kNotSupported);

}  // namespace softcann
