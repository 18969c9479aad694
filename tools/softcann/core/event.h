// Events: the moment at which a stream reached them, on the host's steady clock.
#pragma once

#include <cstdint>

#include "core/export.h"
#include "core/stream.h"

namespace softcann {

struct Event;

SOFTCANN_EXPORT int create_event(Event** event);
SOFTCANN_EXPORT int destroy_event(Event* event);
SOFTCANN_EXPORT int check_event(const Event* event);

// Record the event now: all earlier work of `stream` has run when this is called.
SOFTCANN_EXPORT int record_event(Event* event, const Stream* stream);

// Make the event unrecorded, as it was when it was created.
SOFTCANN_EXPORT int reset_event(Event* event, const Stream* stream);

SOFTCANN_EXPORT int event_is_recorded(const Event* event, bool* recorded);

// The event's time in nanoseconds of the steady clock. ACL_ERROR_RT_EVENT_TIMESTAMP_INVALID when it is not
// recorded.
SOFTCANN_EXPORT int event_time(const Event* event, std::uint64_t* nanoseconds);

// Milliseconds from `start` to `end`, negative when `end` came first.
SOFTCANN_EXPORT int elapsed_time(float* milliseconds, const Event* start, const Event* end);

}  // namespace softcann
