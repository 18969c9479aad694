// Page-locked host memory, in CANN's sense: plain host memory whose pointers are known.
#pragma once

#include <cstddef>

#include "core/export.h"

namespace softcann {

SOFTCANN_EXPORT int allocate_host(void** pointer, std::size_t size);

// Refuses what is not the start of a live host allocation.
SOFTCANN_EXPORT int release_host(void* pointer);

// Whether `pointer` lies in memory of allocate_host.
SOFTCANN_EXPORT bool is_pinned(const void* pointer);

}  // namespace softcann
