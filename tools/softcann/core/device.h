// Devices: their number, and the current device of each thread.
#pragma once

#include "core/export.h"

namespace softcann {

// No device is set on this thread.
inline constexpr int kNoDevice = -1;

// The number of simulated devices: SOFTCANN_DEVICES, 1 by default.
SOFTCANN_EXPORT int device_count();

// The device of this thread; kNoDevice until the thread sets one.
SOFTCANN_EXPORT int current_device();

// Set the device of this thread. ACL_ERROR_RT_INVALID_DEVICEID when `device` does not exist.
SOFTCANN_EXPORT int set_current_device(int device);

// 0 when `device` exists, else ACL_ERROR_RT_INVALID_DEVICEID with a message.
SOFTCANN_EXPORT int check_device(int device);

// Whether any thread has set `device` since it was last reset.
SOFTCANN_EXPORT bool is_active(int device);

// Release all memory of a device. A thread whose device it was has none afterwards.
SOFTCANN_EXPORT int reset_device(int device);

// The simulated chip. The figures are those of CANN's platform files.
struct Chip {
  const char* soc_name;
  int cube_cores;
  int vector_cores;
  long l2_bytes;
};
inline constexpr Chip kChip = {"Ascend910B4", 20, 40, 96L << 20};

}  // namespace softcann
