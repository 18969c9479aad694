// The process: start and end, errors, versions, options.
#include <array>
#include <atomic>
#include <cstring>

#include "acl/acl.h"
#include "core/fault.h"
#include "core/settings.h"
#include "core/status.h"

namespace {

std::atomic<bool> initialised = false;

// ACL_OPT_DETERMINISTIC, ACL_OPT_ENABLE_DEBUG_KERNEL, ACL_OPT_STRONG_CONSISTENCY: stored and returned,
// without effect. Every op of the simulator is deterministic.
std::array<std::atomic<std::int64_t>, 3> options{};

int set_option(aclSysParamOpt option, std::int64_t value) {
  if (option < 0 || static_cast<std::size_t>(option) >= options.size()) {
    return softcann::fail(ACL_ERROR_RT_PARAM_INVALID, "[softcann] unknown system parameter");
  }
  options[option] = value;
  return ACL_SUCCESS;
}

int get_option(aclSysParamOpt option, std::int64_t* value) {
  if (option < 0 || static_cast<std::size_t>(option) >= options.size() || !value) {
    return softcann::fail(ACL_ERROR_RT_PARAM_INVALID, "[softcann] unknown system parameter");
  }
  *value = options[option];
  return ACL_SUCCESS;
}

}  // namespace

aclError aclInit(const char*) {
  for (const auto& error : {softcann::settings().error, softcann::fault_syntax_error()}) {
    if (!error.empty()) return softcann::fail(ACL_ERROR_INVALID_PARAM, "[softcann] " + error);
  }
  if (initialised.exchange(true)) {
    return softcann::fail(ACL_ERROR_REPEAT_INITIALIZE, "[softcann] aclInit was called before");
  }
  return ACL_SUCCESS;
}

aclError aclFinalize() {
  if (!initialised.exchange(false)) {
    return softcann::fail(ACL_ERROR_UNINITIALIZE, "[softcann] aclFinalize without aclInit");
  }
  return ACL_SUCCESS;
}

const char* aclGetRecentErrMsg() { return softcann::take_recent_error(); }

aclError aclrtGetLastError(aclrtLastErrLevel) { return softcann::last_error(true); }

aclError aclrtPeekAtLastError(aclrtLastErrLevel) { return softcann::last_error(false); }

aclError aclrtSetSysParamOpt(aclSysParamOpt option, int64_t value) { return set_option(option, value); }

aclError aclrtGetSysParamOpt(aclSysParamOpt option, int64_t* value) { return get_option(option, value); }

aclError aclrtCtxSetSysParamOpt(aclSysParamOpt option, int64_t value) { return set_option(option, value); }

aclError aclrtCtxGetSysParamOpt(aclSysParamOpt option, int64_t* value) { return get_option(option, value); }

aclError aclGetCannAttribute(aclCannAttr attribute, int32_t* value) {
  if (!value)
    return softcann::fail(ACL_ERROR_INVALID_PARAM,
                          "[softcann] aclGetCannAttribute: the value pointer is null");
  // The simulated chip keeps infinities and NaN and supports bfloat16; it compiles no ops at run time.
  *value = attribute == ACL_CANN_ATTR_INF_NAN || attribute == ACL_CANN_ATTR_BF16;
  return ACL_SUCCESS;
}
