// Copies and fills across host and device memory, with every range checked.
#pragma once

#include <cstddef>

#include "core/export.h"

namespace softcann {

// Where the source and the destination of a copy lie; with `any` the pointers decide.
enum class CopyKind { host_to_host, host_to_device, device_to_host, device_to_device, any };

// Copy `count` bytes. Refuses a pointer that does not match `kind`, a range that exceeds its allocation, and
// a count above `capacity`, the size of the destination.
SOFTCANN_EXPORT int copy(void* destination, std::size_t capacity, const void* source, std::size_t count,
                         CopyKind kind);

// Set `count` bytes of host or device memory to `value`.
SOFTCANN_EXPORT int fill(void* destination, std::size_t capacity, int value, std::size_t count);

}  // namespace softcann
