// Devices.
#include "core/device.h"

#include <string>

#include "acl/acl.h"
#include "ascendcl/newer.h"
#include "core/memory.h"
#include "core/status.h"

using softcann::fail;
using softcann::kChip;

const char* aclrtGetSocName() { return kChip.soc_name; }

aclError aclrtGetDeviceCount(uint32_t* count) {
  *count = static_cast<uint32_t>(softcann::device_count());
  if (*count == 0) return fail(ACL_ERROR_RT_NO_DEVICE, "[softcann] SOFTCANN_DEVICES=0");
  return ACL_SUCCESS;
}

aclError aclrtSetDevice(int32_t device) { return softcann::set_current_device(device); }

aclError aclrtGetDevice(int32_t* device) {
  if (softcann::current_device() == softcann::kNoDevice) {
    return fail(ACL_ERROR_RT_CONTEXT_NULL, "[softcann] this thread has set no device");
  }
  *device = softcann::current_device();
  return ACL_SUCCESS;
}

aclError aclrtResetDevice(int32_t device) { return softcann::reset_device(device); }

// Work runs in the call that enqueues it, so there is nothing to wait for.
aclError aclrtSynchronizeDevice() { return ACL_SUCCESS; }

aclError aclrtSynchronizeDeviceWithTimeout(int32_t) { return ACL_SUCCESS; }

// All simulated devices share the host's memory.
aclError aclrtDeviceCanAccessPeer(int32_t* can_access, int32_t device, int32_t peer) {
  if (int error = softcann::check_device(device)) return error;
  if (int error = softcann::check_device(peer)) return error;
  *can_access = device != peer;
  return ACL_SUCCESS;
}

aclError aclrtDeviceEnablePeerAccess(int32_t peer, uint32_t) { return softcann::check_device(peer); }

// Results keep infinities and NaN (ACL_RT_OVERFLOW_MODE_INFNAN), as the chip does by default. The other
// mode, saturation, is refused: results would differ.
aclError aclrtSetDeviceSatMode(aclrtFloatOverflowMode mode) {
  if (mode == ACL_RT_OVERFLOW_MODE_INFNAN) return ACL_SUCCESS;
  return fail(ACL_ERROR_API_NOT_SUPPORT,
              "[softcann] aclrtSetDeviceSatMode: only the INF/NaN mode is simulated");
}

// The simulator has no hardware that could hang, so a timeout never expires.
aclError aclrtSetOpExecuteTimeOut(uint32_t) { return ACL_SUCCESS; }

aclError aclrtSetOpExecuteTimeOutV2(uint64_t wanted, uint64_t* actual) {
  if (actual) *actual = wanted;
  return ACL_SUCCESS;
}

aclError aclrtSetOpWaitTimeout(uint32_t) { return ACL_SUCCESS; }

aclError aclGetDeviceCapability(uint32_t device, aclDeviceInfo what, int64_t* value) {
  if (int error = softcann::check_device(static_cast<int>(device))) return error;
  switch (what) {
    case ACL_DEVICE_INFO_AI_CORE_NUM:
      *value = kChip.cube_cores;
      return ACL_SUCCESS;
    case ACL_DEVICE_INFO_VECTOR_CORE_NUM:
      *value = kChip.vector_cores;
      return ACL_SUCCESS;
    case ACL_DEVICE_INFO_L2_SIZE:
      *value = kChip.l2_bytes;
      return ACL_SUCCESS;
    default:
      return fail(ACL_ERROR_INVALID_PARAM, "[softcann] aclGetDeviceCapability: unknown capability");
  }
}

aclError aclrtGetDeviceInfo(uint32_t device, aclrtDevAttr attribute, int64_t* value) {
  if (int error = softcann::check_device(static_cast<int>(device))) return error;
  switch (attribute) {
    case ACL_DEV_ATTR_AICORE_CORE_NUM:
    case ACL_DEV_ATTR_CUBE_CORE_NUM:
      *value = kChip.cube_cores;
      return ACL_SUCCESS;
    case ACL_DEV_ATTR_VECTOR_CORE_NUM:
      *value = kChip.vector_cores;
      return ACL_SUCCESS;
    case ACL_DEV_ATTR_L2_CACHE_SIZE:
      *value = kChip.l2_bytes;
      return ACL_SUCCESS;
    case ACL_DEV_ATTR_TOTAL_GLOBAL_MEM_SIZE:
      *value = static_cast<int64_t>(softcann::memory_info(static_cast<int>(device)).total);
      return ACL_SUCCESS;
    case ACL_DEV_ATTR_IS_VIRTUAL:
      *value = 0;
      return ACL_SUCCESS;
    default:
      return fail(ACL_ERROR_API_NOT_SUPPORT, "[softcann] aclrtGetDeviceInfo: attribute " +
                                                 std::to_string(attribute) + " is not simulated");
  }
}
