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

// Never destroyed: torch_npu gives memory back after the libraries' own statics are gone.
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

// `size` inaccessible bytes followed by `size` accessible ones; null when the host has no room.
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

// Wants the mutex held.
const Allocation* holder(const Table& table, const void* pointer) {
  auto* address = static_cast<const std::byte*>(pointer);
  auto after = table.live.upper_bound(address);
  if (after == table.live.begin()) return nullptr;
  const Allocation& allocation = std::prev(after)->second;
  return address < allocation.base + allocation.size ? &allocation : nullptr;
}

// For the signal handler: never waits, since the thread that faulted may hold the mutex.
std::optional<Allocation> try_find(const void* pointer) {
  std::shared_lock lock(table().mutex, std::try_to_lock);
  if (!lock) return std::nullopt;
  const Allocation* allocation = holder(table(), pointer);
  return allocation ? std::optional(*allocation) : std::nullopt;
}

}  // namespace

int allocate(void** device_pointer, std::size_t size) {
  if (!device_pointer || size == 0) {
    return fail(ACL_ERROR_INVALID_PARAM, "[softcann] no device memory of 0 bytes");
  }
  int device = current_device();
  if (device == kNoDevice) return fail(ACL_ERROR_RT_CONTEXT_NULL, "[softcann] this thread has set no device");
  if (size > settings().memory || fault_of_allocation()) {
    return fail(ACL_ERROR_RT_MEMORY_ALLOCATION, "[softcann] device " + std::to_string(device) +
                                                    " is out of memory: " + mebibytes(size) + " asked for");
  }
  explain_stray_access(try_find);
  size = whole_pages(size);
  std::unique_lock lock(table().mutex);
  std::size_t& used = table().used[device];
  if (used + size > settings().memory) {
    return fail(ACL_ERROR_RT_MEMORY_ALLOCATION,
                "[softcann] device " + std::to_string(device) + " is out of memory: " + mebibytes(size) +
                    " asked for, " + mebibytes(used) + " of " + mebibytes(settings().memory) + " in use");
  }
  std::byte* base = reserve(size);
  if (!base) return fail(ACL_ERROR_RT_MEMORY_ALLOCATION, "[softcann] the host cannot back more device memory");
  used += size;
  table().live.emplace(base, Allocation{base, size, device, base + size});
  *device_pointer = base;
  return ACL_SUCCESS;
}

int release(void* device_pointer) {
  std::unique_lock lock(table().mutex);
  auto found = table().live.find(static_cast<const std::byte*>(device_pointer));
  if (found == table().live.end()) {
    return fail(ACL_ERROR_RT_PARAM_INVALID, "[softcann] free of device memory that is not allocated");
  }
  table().used[found->second.device] -= found->second.size;
  unmap(found->second);
  table().live.erase(found);
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
  const Allocation* allocation = holder(table(), device_pointer);
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
