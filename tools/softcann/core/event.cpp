#include "core/event.h"

#include <chrono>
#include <memory>
#include <optional>

#include "core/handles.h"
#include "core/status.h"

namespace softcann {

using Clock = std::chrono::steady_clock;

struct Event {
  std::optional<Clock::time_point> reached;
};

namespace {

// Never destroyed: torch_npu destroys events after the libraries' static objects are destroyed.
Handles<Event>& events() {
  static auto* events = new Handles<Event>;
  return *events;
}

int stale() { return fail(ACL_ERROR_RT_INVALID_HANDLE, "[softcann] the event does not exist"); }

int unrecorded() {
  return fail(ACL_ERROR_RT_EVENT_TIMESTAMP_INVALID, "[softcann] the event has not been recorded");
}

int reached(const Event* event, std::optional<Clock::time_point>* moment) {
  return events().with(event, [moment](Event& live) { *moment = live.reached; }) ? ACL_SUCCESS : stale();
}

int set_reached(Event* event, const Stream* stream, std::optional<Clock::time_point> moment) {
  if (int error = check_stream(stream)) return error;
  return events().with(event, [moment](Event& live) { live.reached = moment; }) ? ACL_SUCCESS : stale();
}

}  // namespace

int create_event(Event** event) {
  if (!event) return fail(ACL_ERROR_RT_PARAM_INVALID, "[softcann] the event pointer is null");
  *event = events().add(std::make_unique<Event>());
  return ACL_SUCCESS;
}

int destroy_event(Event* event) { return events().remove(event) ? ACL_SUCCESS : stale(); }

int check_event(const Event* event) {
  std::optional<Clock::time_point> ignored;
  return reached(event, &ignored);
}

int record_event(Event* event, const Stream* stream) { return set_reached(event, stream, Clock::now()); }

int reset_event(Event* event, const Stream* stream) { return set_reached(event, stream, std::nullopt); }

int event_is_recorded(const Event* event, bool* recorded) {
  std::optional<Clock::time_point> moment;
  int error = reached(event, &moment);
  *recorded = moment.has_value();
  return error;
}

int event_time(const Event* event, std::uint64_t* nanoseconds) {
  std::optional<Clock::time_point> moment;
  if (int error = reached(event, &moment)) return error;
  if (!moment) return unrecorded();
  auto since = std::chrono::duration_cast<std::chrono::nanoseconds>(moment->time_since_epoch());
  *nanoseconds = static_cast<std::uint64_t>(since.count());
  return ACL_SUCCESS;
}

int elapsed_time(float* milliseconds, const Event* start, const Event* end) {
  std::optional<Clock::time_point> from, to;
  if (int error = reached(start, &from)) return error;
  if (int error = reached(end, &to)) return error;
  if (!from || !to) return unrecorded();
  *milliseconds = std::chrono::duration<float, std::milli>(*to - *from).count();
  return ACL_SUCCESS;
}

}  // namespace softcann
