// Streams. Work runs in the call that enqueues it, on the caller's thread. So a stream keeps the order of its
// calls, and a query of its state rightly returns that all work is complete.
#pragma once

#include <cstdint>

#include "core/export.h"

namespace softcann {

struct Stream;

SOFTCANN_EXPORT int create_stream(Stream** stream);
SOFTCANN_EXPORT int destroy_stream(Stream* stream);

// 0 for a live stream and for the default stream (null), else an error.
SOFTCANN_EXPORT int check_stream(const Stream* stream);

// The stream's number, from 1; the default stream's is 0.
SOFTCANN_EXPORT int stream_id(const Stream* stream, std::int32_t* id);

}  // namespace softcann
