// Failures on torch_npu's queue thread, which executes the ops that Python enqueues.
//
// torch_npu raises an error of that thread once, at the next synchronisation. After that the queue executes
// nothing, and later ops return garbage without an error. So such a failure ends the process with a message.
#pragma once

#include <string>

#include "core/export.h"

namespace softcann {

// Whether this is torch_npu's queue thread. With ASCEND_LAUNCH_BLOCKING=1 there is none. Some functions of
// torch_npu, and all of them with TASK_QUEUE_ENABLE=2, run phase 1 of an op there too.
SOFTCANN_EXPORT bool on_queue_thread();

// Print `message` and abort.
[[noreturn]] SOFTCANN_EXPORT void end_process(const std::string& message);

// On the queue thread, print `message` and abort; on any other thread, the same as fail().
SOFTCANN_EXPORT int fail_task(int code, std::string message);

}  // namespace softcann
