#include "core/copy.h"

#include <cstring>
#include <string>

#include "core/memory.h"
#include "core/queue.h"
#include "core/status.h"

namespace softcann {
namespace {

enum class Side { host, device, either };

// Check that [pointer, pointer + count) lies on the wanted side and store its accessible address in
// `*address`.
int resolve(const char* role, const void* pointer, std::size_t count, Side wanted, void** address) {
  auto allocation = find_allocation(pointer);
  if (wanted == Side::device && !allocation) {
    return fail_task(ACL_ERROR_RT_PARAM_INVALID, std::string("[softcann] ") + role + " is not device memory");
  }
  if (wanted == Side::host && allocation) {
    return fail_task(ACL_ERROR_RT_PARAM_INVALID,
                     std::string("[softcann] ") + role + " is device memory, not host memory");
  }
  if (!allocation) {
    *address = const_cast<void*>(pointer);
    return ACL_SUCCESS;
  }
  auto offset = static_cast<std::size_t>(static_cast<const std::byte*>(pointer) - allocation->base);
  if (count > allocation->size - offset) {
    return fail_task(ACL_ERROR_RT_PARAM_INVALID, std::string("[softcann] ") + role +
                                                     " exceeds its allocation: " + std::to_string(count) +
                                                     " bytes at offset " + std::to_string(offset) + " of " +
                                                     std::to_string(allocation->size));
  }
  *address = allocation->alias + offset;
  return ACL_SUCCESS;
}

int check_capacity(std::size_t capacity, std::size_t count) {
  if (count <= capacity) return ACL_SUCCESS;
  return fail_task(ACL_ERROR_RT_PARAM_INVALID, "[softcann] " + std::to_string(count) +
                                                   " bytes do not fit into the " + std::to_string(capacity) +
                                                   " bytes of the destination");
}

Side source_side(CopyKind kind) {
  if (kind == CopyKind::any) return Side::either;
  return kind == CopyKind::device_to_host || kind == CopyKind::device_to_device ? Side::device : Side::host;
}

Side destination_side(CopyKind kind) {
  if (kind == CopyKind::any) return Side::either;
  return kind == CopyKind::host_to_device || kind == CopyKind::device_to_device ? Side::device : Side::host;
}

}  // namespace

int copy(void* destination, std::size_t capacity, const void* source, std::size_t count, CopyKind kind) {
  if (count == 0) return ACL_SUCCESS;
  if (!destination || !source)
    return fail_task(ACL_ERROR_RT_PARAM_INVALID, "[softcann] copy of a null pointer");
  if (int error = check_capacity(capacity, count)) return error;
  void *to = nullptr, *from = nullptr;
  if (int error = resolve("the copy's destination", destination, count, destination_side(kind), &to))
    return error;
  if (int error = resolve("the copy's source", source, count, source_side(kind), &from)) return error;
  std::memmove(to, from, count);
  return ACL_SUCCESS;
}

int fill(void* destination, std::size_t capacity, int value, std::size_t count) {
  if (count == 0) return ACL_SUCCESS;
  if (!destination) return fail_task(ACL_ERROR_RT_PARAM_INVALID, "[softcann] fill of a null pointer");
  if (int error = check_capacity(capacity, count)) return error;
  void* to = nullptr;
  if (int error = resolve("the fill's destination", destination, count, Side::either, &to)) return error;
  std::memset(to, value, count);
  return ACL_SUCCESS;
}

}  // namespace softcann
