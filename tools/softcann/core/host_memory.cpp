#include "core/host_memory.h"

#include <cstdlib>
#include <functional>
#include <map>
#include <mutex>
#include <shared_mutex>

#include "core/status.h"

namespace softcann {
namespace {

constexpr std::size_t kAlignment = 4096;

struct Table {
  std::shared_mutex mutex;
  std::map<const void*, std::size_t, std::less<>> sizes;
};

// Never destroyed: torch_npu frees memory after the libraries' static objects are destroyed.
Table& table() {
  static auto* table = new Table;
  return *table;
}

}  // namespace

int allocate_host(void** pointer, std::size_t size) {
  if (!pointer || size == 0)
    return fail(ACL_ERROR_INVALID_PARAM, "[softcann] a host allocation needs a pointer and a size above 0");
  void* memory = std::aligned_alloc(kAlignment, (size + kAlignment - 1) / kAlignment * kAlignment);
  if (!memory) return fail(ACL_ERROR_RT_MEMORY_ALLOCATION, "[softcann] the host is out of memory");
  std::unique_lock lock(table().mutex);
  table().sizes.emplace(memory, size);
  *pointer = memory;
  return ACL_SUCCESS;
}

int release_host(void* pointer) {
  {
    std::unique_lock lock(table().mutex);
    if (table().sizes.erase(pointer) == 0) {
      return fail(ACL_ERROR_RT_PARAM_INVALID, "[softcann] free of host memory that is not allocated");
    }
  }
  std::free(pointer);
  return ACL_SUCCESS;
}

bool is_pinned(const void* pointer) {
  std::shared_lock lock(table().mutex);
  auto after = table().sizes.upper_bound(pointer);
  if (after == table().sizes.begin()) return false;
  const auto& [start, size] = *--after;
  return static_cast<const char*>(pointer) < static_cast<const char*>(start) + size;
}

}  // namespace softcann
