// Devices: how many there are, and which one a thread works on.
#pragma once

#include "core/export.h"

namespace softcann {

// No device is set on this thread.
inline constexpr int kNoDevice = -1;

// Devices of this machine: SOFTCANN_DEVICES, 1 when it is not set.
SOFTCANN_EXPORT int device_count();

// The device of this thread; kNoDevice until it sets one.
SOFTCANN_EXPORT int current_device();

// Make `device` this thread's. ACL_ERROR_RT_INVALID_DEVICEID when there is no such device.
SOFTCANN_EXPORT int set_current_device(int device);

// 0 when `device` exists, else ACL_ERROR_RT_INVALID_DEVICEID and the message.
SOFTCANN_EXPORT int check_device(int device);

// Whether any thread has set `device` since it was last reset.
SOFTCANN_EXPORT bool is_active(int device);

// Release what a device holds: its memory. The thread is left without a device.
SOFTCANN_EXPORT int reset_device(int device);

// The chip that is simulated: its figures, as CANN's platform files give them.
struct Chip {
  const char* soc_name;
  int cube_cores;
  int vector_cores;
  long l2_bytes;
};
inline constexpr Chip kChip = {"Ascend910B4", 20, 40, 96L << 20};

}  // namespace softcann
