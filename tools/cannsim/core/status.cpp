#include "core/status.h"

#include <utility>

namespace cannsim {
namespace {

// `shown` backs the pointer that take_recent_error returned.
thread_local std::string recent;
thread_local std::string shown;

}  // namespace

int fail(int code, std::string message) {
  recent = std::move(message);
  return code;
}

int refuse(std::string_view function) {
  return fail(ACL_ERROR_RT_FEATURE_NOT_SUPPORT,
              "[cannsim] " + std::string(function) + " is not implemented by the simulator");
}

const char* take_recent_error() {
  if (recent.empty()) return nullptr;
  shown = std::exchange(recent, {});
  return shown.c_str();
}

}  // namespace cannsim
