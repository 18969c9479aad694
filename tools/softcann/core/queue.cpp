#include "core/queue.h"

#include <pthread.h>

#include <cstdio>
#include <cstdlib>
#include <string_view>
#include <utility>

#include "core/status.h"

namespace softcann {

bool on_queue_thread() {
  char name[16] = "";
  pthread_getname_np(pthread_self(), name, sizeof name);
  return std::string_view(name).starts_with("acl_thread");
}

void end_process(const std::string& message) {
  std::fprintf(stderr, "%s (on torch_npu's queue thread: the process ends)\n", message.c_str());
  std::abort();
}

int fail_task(int code, std::string message) {
  if (on_queue_thread()) end_process(message);
  return fail(code, std::move(message));
}

}  // namespace softcann
