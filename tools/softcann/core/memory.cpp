#include "core/memory.h"

#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <shared_mutex>
#include <string>

#include "core/device.h"
#include "core/fault.h"
#include "core/settings.h"
#include "core/status.h"
#include "core/stray_access.h"

namespace softcann {
namespace {

struct Table {
  std::shared_mutex mutex;
  std::map<const std::byte*, Allocation, std::less<>> live;  // by device pointer
  std::array<std::size_t, kMostDevices> used{};
};

// Never destroyed: torch_npu frees memory after the libraries' static objects are destroyed.
Table& table() {
  static auto* table = new Table;
  return *table;
}

std::size_t whole_pages(std::size_t size) {
  static const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  return (size + page - 1) / page * page;
}

std::string mebibytes(std::size_t bytes) {
  return std::to_string(bytes >> 20) + "." + std::to_string((bytes & 0xfffff) * 10 >> 20) + " MiB";
}

// `size` inaccessible bytes followed by `size` accessible ones; null when the host is out of memory.
std::byte* reserve(std::size_t size) {
  void* start = mmap(nullptr, 2 * size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (start == MAP_FAILED) return nullptr;
  auto* base = static_cast<std::byte*>(start);
  if (mprotect(base + size, size, PROT_READ | PROT_WRITE) != 0) {
    munmap(base, 2 * size);
    return nullptr;
  }
  return base;
}

void unmap(const Allocation& allocation) {
  munmap(const_cast<std::byte*>(allocation.base), 2 * allocation.size);
}

// The live allocation that contains `pointer`, or null. The caller holds the mutex.
const Allocation* containing(const Table& table, const void* pointer) {
  auto* address = static_cast<const std::byte*>(pointer);
  auto after = table.live.upper_bound(address);
  if (after == table.live.begin()) return nullptr;
  const Allocation& allocation = std::prev(after)->second;
  return address < allocation.base + allocation.size ? &allocation : nullptr;
}

// For the signal handler: does not wait for the mutex, which the faulting thread may hold.
std::optional<Allocation> try_find(const void* pointer) {
  std::shared_lock lock(table().mutex, std::try_to_lock);
  if (!lock) return std::nullopt;
  const Allocation* allocation = containing(table(), pointer);
  return allocation ? std::optional(*allocation) : std::nullopt;
}

}  // namespace

int allocate(void** device_pointer, std::size_t size) {
  if (!device_pointer || size == 0) {
    return fail(ACL_ERROR_INVALID_PARAM, "[softcann] a device allocation needs a pointer and a size above 0");
  }
  int device = current_device();
  if (device == kNoDevice) return fail(ACL_ERROR_RT_CONTEXT_NULL, "[softcann] this thread has set no device");
  if (size > settings().memory || fault_of_allocation()) {
    return fail(ACL_ERROR_RT_MEMORY_ALLOCATION, "[softcann] device " + std::to_string(device) +
                                                    " is out of memory: " + mebibytes(size) + " requested");
  }
  explain_stray_access(try_find);
  size = whole_pages(size);
  std::unique_lock lock(table().mutex);
  std::size_t& used = table().used[device];
  if (used + size > settings().memory) {
    return fail(ACL_ERROR_RT_MEMORY_ALLOCATION,
                "[softcann] device " + std::to_string(device) + " is out of memory: " + mebibytes(size) +
                    " requested, " + mebibytes(used) + " of " + mebibytes(settings().memory) + " in use");
  }
  std::byte* base = reserve(size);
  if (!base)
    return fail(ACL_ERROR_RT_MEMORY_ALLOCATION,
                "[softcann] the host is out of memory for the device's memory");
  used += size;
  table().live.emplace(base, Allocation{base, size, device, base + size});
  *device_pointer = base;
  return ACL_SUCCESS;
}

int release(void* device_pointer) {
  std::unique_lock lock(table().mutex);
  auto entry = table().live.find(static_cast<const std::byte*>(device_pointer));
  if (entry == table().live.end()) {
    return fail(ACL_ERROR_RT_PARAM_INVALID, "[softcann] free of device memory that is not allocated");
  }
  table().used[entry->second.device] -= entry->second.size;
  unmap(entry->second);
  table().live.erase(entry);
  return ACL_SUCCESS;
}

void release_all(int device) {
  std::unique_lock lock(table().mutex);
  std::erase_if(table().live, [device](const auto& entry) {
    if (entry.second.device != device) return false;
    unmap(entry.second);
    return true;
  });
  table().used[device] = 0;
}

std::optional<Allocation> find_allocation(const void* device_pointer) {
  std::shared_lock lock(table().mutex);
  const Allocation* allocation = containing(table(), device_pointer);
  return allocation ? std::optional(*allocation) : std::nullopt;
}

void* host_alias(const void* device_pointer) {
  auto allocation = find_allocation(device_pointer);
  if (!allocation) return nullptr;
  return allocation->alias + (static_cast<const std::byte*>(device_pointer) - allocation->base);
}

MemoryInfo memory_info(int device) {
  std::shared_lock lock(table().mutex);
  return {settings().memory - table().used[device], settings().memory};
}

}  // namespace softcann
