// Contexts. Each device has one, its primary context; the handle is the device's number plus one.
#include <cstdint>

#include "acl/acl.h"
#include "ascendcl/newer.h"
#include "core/device.h"
#include "core/status.h"

namespace {

aclrtContext handle_of(int device) {
  return reinterpret_cast<aclrtContext>(static_cast<std::intptr_t>(device) + 1);
}

int device_of(aclrtContext context) { return static_cast<int>(reinterpret_cast<std::intptr_t>(context) - 1); }

}  // namespace

aclError aclrtGetCurrentContext(aclrtContext* context) {
  if (softcann::current_device() == softcann::kNoDevice) {
    return softcann::fail(ACL_ERROR_RT_CONTEXT_NULL, "[softcann] this thread has set no device");
  }
  *context = handle_of(softcann::current_device());
  return ACL_SUCCESS;
}

aclError aclrtSetCurrentContext(aclrtContext context) {
  return softcann::set_current_device(device_of(context));
}

aclError aclrtGetPrimaryCtxState(int32_t device, uint32_t* flags, int32_t* active) {
  if (int error = softcann::check_device(device)) return error;
  if (flags) *flags = 0;
  if (active) *active = softcann::is_active(device);
  return ACL_SUCCESS;
}
