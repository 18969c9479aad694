#include "core/stream.h"

#include <atomic>
#include <memory>

#include "core/device.h"
#include "core/handles.h"
#include "core/status.h"

namespace softcann {

struct Stream {
  std::int32_t id;
};

namespace {

// Never destroyed: torch_npu destroys streams after the libraries' static objects are destroyed.
Handles<Stream>& streams() {
  static auto* streams = new Handles<Stream>;
  return *streams;
}

int stale() { return fail(ACL_ERROR_RT_INVALID_HANDLE, "[softcann] the stream does not exist"); }

}  // namespace

int create_stream(Stream** stream) {
  if (!stream) return fail(ACL_ERROR_RT_PARAM_INVALID, "[softcann] the stream pointer is null");
  if (current_device() == kNoDevice) {
    return fail(ACL_ERROR_RT_CONTEXT_NULL, "[softcann] this thread has set no device");
  }
  static std::atomic<std::int32_t> last = 0;
  *stream = streams().add(std::make_unique<Stream>(Stream{++last}));
  return ACL_SUCCESS;
}

int destroy_stream(Stream* stream) { return streams().remove(stream) ? ACL_SUCCESS : stale(); }

int check_stream(const Stream* stream) {
  if (!stream) return ACL_SUCCESS;
  return streams().with(stream, [](Stream&) {}) ? ACL_SUCCESS : stale();
}

int stream_id(const Stream* stream, std::int32_t* id) {
  if (!id) return fail(ACL_ERROR_RT_PARAM_INVALID, "[softcann] the pointer for the stream's number is null");
  *id = 0;
  if (!stream) return ACL_SUCCESS;
  return streams().with(stream, [id](Stream& live) { *id = live.id; }) ? ACL_SUCCESS : stale();
}

}  // namespace softcann
