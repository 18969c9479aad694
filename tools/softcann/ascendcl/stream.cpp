// Streams. Work runs in the call that enqueues it, so there is nothing to wait for.
#include "core/stream.h"

#include "acl/acl.h"
#include "ascendcl/newer.h"
#include "core/status.h"

using softcann::check_stream;
using softcann::Stream;

namespace {

Stream* stream_of(aclrtStream stream) { return static_cast<Stream*>(stream); }

int create(aclrtStream* stream) {
  Stream* created = nullptr;
  if (int error = softcann::create_stream(stream ? &created : nullptr)) return error;
  *stream = created;
  return ACL_SUCCESS;
}

}  // namespace

aclError aclrtCreateStream(aclrtStream* stream) { return create(stream); }

// Priority and flags order waiting work; on the simulator no work waits.
aclError aclrtCreateStreamWithConfig(aclrtStream* stream, uint32_t, uint32_t) { return create(stream); }

aclError aclrtDestroyStream(aclrtStream stream) { return softcann::destroy_stream(stream_of(stream)); }

aclError aclrtDestroyStreamForce(aclrtStream stream) { return softcann::destroy_stream(stream_of(stream)); }

aclError aclrtStreamGetId(aclrtStream stream, int32_t* id) {
  return softcann::stream_id(stream_of(stream), id);
}

aclError aclrtSynchronizeStream(aclrtStream stream) { return check_stream(stream_of(stream)); }

aclError aclrtSynchronizeStreamWithTimeout(aclrtStream stream, int32_t) {
  return check_stream(stream_of(stream));
}

aclError aclrtStreamQuery(aclrtStream stream, aclrtStreamStatus* status) {
  *status = ACL_STREAM_STATUS_COMPLETE;
  return check_stream(stream_of(stream));
}

// The failing call itself returns the error, so the mode has no effect.
aclError aclrtSetStreamFailureMode(aclrtStream stream, uint64_t) { return check_stream(stream_of(stream)); }

// Always off: overflow detection belongs to the saturation mode, which is refused.
aclError aclrtGetStreamOverflowSwitch(aclrtStream stream, uint32_t* flag) {
  *flag = 0;
  return check_stream(stream_of(stream));
}

// Graph capture is refused, so no stream is ever being captured.
aclError aclmdlRICaptureGetInfo(aclrtStream stream, aclmdlRICaptureStatus* status, aclmdlRI* model) {
  if (status) *status = ACL_MODEL_RI_CAPTURE_STATUS_NONE;
  if (model) *model = nullptr;
  return check_stream(stream_of(stream));
}
