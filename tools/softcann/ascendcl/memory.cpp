// Memory.
#include "core/memory.h"

#include "acl/acl.h"
#include "core/copy.h"
#include "core/device.h"
#include "core/host_memory.h"
#include "core/status.h"
#include "core/stream.h"

using softcann::CopyKind;
using softcann::fail;

namespace {

int to_kind(aclrtMemcpyKind kind, CopyKind* known) {
  switch (kind) {
    case ACL_MEMCPY_HOST_TO_HOST:
      *known = CopyKind::host_to_host;
      return ACL_SUCCESS;
    case ACL_MEMCPY_HOST_TO_DEVICE:
    case ACL_MEMCPY_HOST_TO_BUF_TO_DEVICE:
      *known = CopyKind::host_to_device;
      return ACL_SUCCESS;
    case ACL_MEMCPY_DEVICE_TO_HOST:
      *known = CopyKind::device_to_host;
      return ACL_SUCCESS;
    case ACL_MEMCPY_DEVICE_TO_DEVICE:
    case ACL_MEMCPY_INNER_DEVICE_TO_DEVICE:
    case ACL_MEMCPY_INTER_DEVICE_TO_DEVICE:
      *known = CopyKind::device_to_device;
      return ACL_SUCCESS;
    case ACL_MEMCPY_DEFAULT:
      *known = CopyKind::any;
      return ACL_SUCCESS;
    default:
      return fail(ACL_ERROR_RT_PARAM_INVALID, "[softcann] aclrtMemcpy: unknown kind of copy");
  }
}

const softcann::Stream* stream_of(aclrtStream stream) { return static_cast<const softcann::Stream*>(stream); }

}  // namespace

// The policy chooses a page size, which has no meaning on the simulator.
aclError aclrtMalloc(void** pointer, size_t size, aclrtMemMallocPolicy) {
  return softcann::allocate(pointer, size);
}

aclError aclrtMallocAlign32(void** pointer, size_t size, aclrtMemMallocPolicy) {
  return softcann::allocate(pointer, size);
}

aclError aclrtFree(void* pointer) { return softcann::release(pointer); }

aclError aclrtMallocHost(void** pointer, size_t size) { return softcann::allocate_host(pointer, size); }

aclError aclrtFreeHost(void* pointer) { return softcann::release_host(pointer); }

aclError aclrtMemcpy(void* to, size_t capacity, const void* from, size_t count, aclrtMemcpyKind kind) {
  CopyKind known = CopyKind::any;
  if (int error = to_kind(kind, &known)) return error;
  return softcann::copy(to, capacity, from, count, known);
}

aclError aclrtMemcpyAsync(void* to, size_t capacity, const void* from, size_t count, aclrtMemcpyKind kind,
                          aclrtStream stream) {
  if (int error = softcann::check_stream(stream_of(stream))) return error;
  return aclrtMemcpy(to, capacity, from, count, kind);
}

aclError aclrtMemset(void* to, size_t capacity, int32_t value, size_t count) {
  return softcann::fill(to, capacity, value, count);
}

aclError aclrtMemsetAsync(void* to, size_t capacity, int32_t value, size_t count, aclrtStream stream) {
  if (int error = softcann::check_stream(stream_of(stream))) return error;
  return softcann::fill(to, capacity, value, count);
}

aclError aclrtGetMemInfo(aclrtMemAttr, size_t* free, size_t* total) {
  int device = softcann::current_device();
  if (device == softcann::kNoDevice) {
    return fail(ACL_ERROR_RT_CONTEXT_NULL, "[softcann] this thread has set no device");
  }
  auto info = softcann::memory_info(device);
  *free = info.free;
  *total = info.total;
  return ACL_SUCCESS;
}

aclError aclrtPointerGetAttributes(const void* pointer, aclrtPtrAttributes* attributes) {
  *attributes = {};
  if (auto allocation = softcann::find_allocation(pointer)) {
    attributes->location = {static_cast<uint32_t>(allocation->device), ACL_MEM_LOCATION_TYPE_DEVICE};
  } else if (softcann::is_pinned(pointer)) {
    attributes->location.type = ACL_MEM_LOCATION_TYPE_HOST;
  } else {
    attributes->location.type = ACL_MEM_LOCATION_TYPE_UNREGISTERED;
  }
  return ACL_SUCCESS;
}
