// Events.
#include "core/event.h"

#include "acl/acl.h"
#include "ascendcl/newer.h"
#include "core/status.h"

using softcann::Event;
using softcann::Stream;

namespace {

Event* event_of(aclrtEvent event) { return static_cast<Event*>(event); }

const Stream* stream_of(aclrtStream stream) { return static_cast<const Stream*>(stream); }

int create(aclrtEvent* event, uint32_t flags) {
  if (flags & ACL_EVENT_IPC) {
    return softcann::fail(ACL_ERROR_RT_FEATURE_NOT_SUPPORT,
                          "[softcann] events between processes are not simulated");
  }
  Event* created = nullptr;
  if (int error = softcann::create_event(event ? &created : nullptr)) return error;
  *event = created;
  return ACL_SUCCESS;
}

}  // namespace

aclError aclrtCreateEventWithFlag(aclrtEvent* event, uint32_t flags) { return create(event, flags); }

aclError aclrtCreateEventExWithFlag(aclrtEvent* event, uint32_t flags) { return create(event, flags); }

aclError aclrtDestroyEvent(aclrtEvent event) { return softcann::destroy_event(event_of(event)); }

aclError aclrtRecordEvent(aclrtEvent event, aclrtStream stream) {
  return softcann::record_event(event_of(event), stream_of(stream));
}

aclError aclrtResetEvent(aclrtEvent event, aclrtStream stream) {
  return softcann::reset_event(event_of(event), stream_of(stream));
}

// All work before an event has run when the event is recorded, so no stream has to wait for it.
aclError aclrtStreamWaitEvent(aclrtStream stream, aclrtEvent event) {
  if (int error = softcann::check_stream(stream_of(stream))) return error;
  return softcann::check_event(event_of(event));
}

aclError aclrtSynchronizeEvent(aclrtEvent event) { return softcann::check_event(event_of(event)); }

aclError aclrtQueryEventStatus(aclrtEvent event, aclrtEventRecordedStatus* status) {
  bool recorded = false;
  int error = softcann::event_is_recorded(event_of(event), &recorded);
  *status = recorded ? ACL_EVENT_RECORDED_STATUS_COMPLETE : ACL_EVENT_RECORDED_STATUS_NOT_READY;
  return error;
}

aclError aclrtQueryEventWaitStatus(aclrtEvent event, aclrtEventWaitStatus* status) {
  *status = ACL_EVENT_WAIT_STATUS_COMPLETE;
  return softcann::check_event(event_of(event));
}

aclError aclrtEventElapsedTime(float* milliseconds, aclrtEvent start, aclrtEvent end) {
  return softcann::elapsed_time(milliseconds, event_of(start), event_of(end));
}

// Microseconds, on the host's steady clock.
aclError aclrtEventGetTimestamp(aclrtEvent event, uint64_t* timestamp) {
  uint64_t nanoseconds = 0;
  if (int error = softcann::event_time(event_of(event), &nanoseconds)) return error;
  *timestamp = nanoseconds / 1000;
  return ACL_SUCCESS;
}
