// Page-locked host memory: on the simulator, plain host memory whose pointers are recorded.
#pragma once

#include <cstddef>

#include "core/export.h"

namespace softcann {

SOFTCANN_EXPORT int allocate_host(void** pointer, std::size_t size);

// Refuses a pointer that is not the start of a live host allocation.
SOFTCANN_EXPORT int release_host(void* pointer);

// Whether `pointer` lies in memory from allocate_host.
SOFTCANN_EXPORT bool is_pinned(const void* pointer);

}  // namespace softcann
