// Failures on torch_npu's queue thread, which carries out what Python has enqueued.
//
// An error there is raised in Python once, at the next synchronisation; the queue is dead from then on, and
// whatever is enqueued later gives garbage without a word. So such a failure ends the process, with a line.
#pragma once

#include <string>

#include "core/export.h"

namespace softcann {

// Whether this thread is torch_npu's queue. With ASCEND_LAUNCH_BLOCKING=1 there is none. Some of torch_npu's
// functions, and all of them with TASK_QUEUE_ENABLE=2, run an op's phase 1 there too.
SOFTCANN_EXPORT bool on_queue_thread();

// Print `message` and abort.
[[noreturn]] SOFTCANN_EXPORT void end_process(const std::string& message);

// As fail(), where the caller can be told; on the queue thread, print `message` and abort.
SOFTCANN_EXPORT int fail_task(int code, std::string message);

}  // namespace softcann
