// Copies and fills across host and device memory, with every range checked.
#pragma once

#include <cstddef>

#include "core/export.h"

namespace softcann {

// Where the two ends of a copy lie; `any` is found out from the pointers.
enum class CopyKind { host_to_host, host_to_device, device_to_host, device_to_device, any };

// Copy `count` bytes. Refuses a pointer that is not of the kind it should be, a range that leaves its
// allocation, and a count above `capacity`, the room at `destination`.
SOFTCANN_EXPORT int copy(void* destination, std::size_t capacity, const void* source, std::size_t count,
                        CopyKind kind);

// Set `count` bytes of host or device memory to `value`.
SOFTCANN_EXPORT int fill(void* destination, std::size_t capacity, int value, std::size_t count);

}  // namespace softcann
