#include "core/device.h"

#include <array>
#include <atomic>
#include <string>

#include "core/memory.h"
#include "core/settings.h"
#include "core/status.h"

namespace softcann {
namespace {

thread_local int current = kNoDevice;
std::array<std::atomic<bool>, kMostDevices> active{};

}  // namespace

int device_count() { return settings().devices; }

int current_device() { return current; }

int check_device(int device) {
  if (device >= 0 && device < device_count()) return ACL_SUCCESS;
  return fail(ACL_ERROR_RT_INVALID_DEVICEID, "[softcann] device " + std::to_string(device) +
                                                 " does not exist: SOFTCANN_DEVICES is " +
                                                 std::to_string(device_count()));
}

bool is_active(int device) { return active[device]; }

int set_current_device(int device) {
  if (int error = check_device(device)) return error;
  current = device;
  active[device] = true;
  return ACL_SUCCESS;
}

int reset_device(int device) {
  if (int error = check_device(device)) return error;
  release_all(device);
  active[device] = false;
  if (current == device) current = kNoDevice;
  return ACL_SUCCESS;
}

}  // namespace softcann
