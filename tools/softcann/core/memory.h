// Device memory: bounded, counted, and not readable through device pointers.
//
// An allocation reserves twice its size of address space. The first half stays inaccessible, and its
// start is the device pointer; the second half is the memory itself, the "alias" through which the
// simulator's copies and ops read and write.
#pragma once

#include <cstddef>
#include <optional>

#include "core/export.h"

namespace softcann {

struct Allocation {
  const std::byte* base;  // the device pointer
  std::size_t size;       // bytes, rounded up to whole pages
  int device;
  std::byte* alias;  // the same memory, accessible
};

// Allocate `size` bytes on this thread's device. ACL_ERROR_RT_MEMORY_ALLOCATION when the device is full.
SOFTCANN_EXPORT int allocate(void** device_pointer, std::size_t size);

// Free an allocation. Refuses a pointer that is not the start of a live allocation.
SOFTCANN_EXPORT int release(void* device_pointer);

// Free all allocations of `device`.
SOFTCANN_EXPORT void release_all(int device);

// The live allocation that contains `device_pointer`; none for host memory and for freed memory.
SOFTCANN_EXPORT std::optional<Allocation> find_allocation(const void* device_pointer);

// The accessible address of the byte at `device_pointer`; null when it is not in device memory.
SOFTCANN_EXPORT void* host_alias(const void* device_pointer);

struct MemoryInfo {
  std::size_t free;   // bytes
  std::size_t total;  // bytes: SOFTCANN_MEMORY, 32 GiB by default
};
SOFTCANN_EXPORT MemoryInfo memory_info(int device);

}  // namespace softcann
