// Error codes, and the message that aclGetRecentErrMsg returns.
#pragma once

#include <string>

#include "acl/acl_base.h"                    // ACL_SUCCESS and ACL_ERROR_*, by CANN's names
#include "acl/error_codes/rt_error_codes.h"  // ACL_ERROR_RT_*
#include "core/export.h"
#include "core/refuse.h"

namespace softcann {

// The error codes of aclnn functions, which no header of the wheel declares.
inline constexpr int ACLNN_ERR_PARAM_NULLPTR = 161001;
inline constexpr int ACLNN_ERR_PARAM_INVALID = 161002;
inline constexpr int ACLNN_ERR_RUNTIME_ERROR = 361001;
inline constexpr int ACLNN_ERR_INNER = 561000;

// Make `code` and `message` this thread's recent error and return `code`: `return fail(ACL_ERROR_...,
// "...")`.
SOFTCANN_EXPORT int fail(int code, std::string message);

// Return this thread's recent error message and clear it, as CANN does. Valid until the next call of this.
SOFTCANN_EXPORT const char* take_recent_error();

// The code of this thread's last failure, ACL_SUCCESS when there was none; `clear` resets it.
SOFTCANN_EXPORT int last_error(bool clear);

}  // namespace softcann
