// Devices: how many there are, and which one a thread works on.
#pragma once

#include "core/export.h"

namespace cannsim {

// Devices of this machine: CANNSIM_DEVICES, 1 when it is not set.
CANNSIM_EXPORT int device_count();

// The device of this thread; 0 until it sets one.
CANNSIM_EXPORT int current_device();

// Make `device` this thread's. ACL_ERROR_RT_PARAM_INVALID when there is no such device.
CANNSIM_EXPORT int set_current_device(int device);

}  // namespace cannsim
