#include "core/status.h"

#include <utility>

#include "core/queue.h"

namespace softcann {
namespace {

// `shown` backs the pointer that take_recent_error returned.
thread_local std::string recent;
thread_local std::string shown;
thread_local int last_code = ACL_SUCCESS;

}  // namespace

int fail(int code, std::string message) {
  recent = std::move(message);
  last_code = code;
  return code;
}

int refuse(std::string_view function, int code) {
  return fail_task(code, "[softcann] " + std::string(function) + " is not implemented by the simulator");
}

const char* take_recent_error() {
  if (recent.empty()) return nullptr;
  shown = std::exchange(recent, {});
  return shown.c_str();
}

int last_error(bool clear) { return clear ? std::exchange(last_code, ACL_SUCCESS) : last_code; }

}  // namespace softcann
