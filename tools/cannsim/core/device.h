// Devices: how many there are, and which one a thread works on.
#pragma once

#include "core/export.h"

namespace cannsim {

// No device is set on this thread.
inline constexpr int kNoDevice = -1;

// Devices of this machine: CANNSIM_DEVICES, 1 when it is not set.
CANNSIM_EXPORT int device_count();

// The device of this thread; kNoDevice until it sets one.
CANNSIM_EXPORT int current_device();

// Make `device` this thread's. ACL_ERROR_RT_INVALID_DEVICEID when there is no such device.
CANNSIM_EXPORT int set_current_device(int device);

// 0 when `device` exists, else ACL_ERROR_RT_INVALID_DEVICEID and the message.
CANNSIM_EXPORT int check_device(int device);

// Whether any thread has set `device` since it was last reset.
CANNSIM_EXPORT bool is_active(int device);

// Release what a device holds: its memory. The thread is left without a device.
CANNSIM_EXPORT int reset_device(int device);

// The chip that is simulated: its figures, as CANN's platform files give them.
struct Chip {
  const char* soc_name;
  int cube_cores;
  int vector_cores;
  long l2_bytes;
};
inline constexpr Chip kChip = {"Ascend910B4", 20, 40, 96L << 20};

}  // namespace cannsim
