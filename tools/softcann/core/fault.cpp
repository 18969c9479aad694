#include "core/fault.h"

#include <charconv>
#include <functional>
#include <map>
#include <mutex>
#include <vector>

#include "core/settings.h"

namespace softcann {
namespace {

// One fault of SOFTCANN_FAULT: "kind:key=value,key=value".
struct Request {
  enum class Kind { oom, error, flip } kind = Kind::oom;
  std::string op;
  std::int64_t call = 1;  // counted from 1; 0 is every call
  OpFault fault{};
};

struct Plan {
  std::vector<Request> requests;
  std::string error;
};

bool take_number(std::string_view text, std::int64_t* value) {
  auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), *value);
  return code == std::errc{} && end == text.data() + text.size() && *value >= 0;
}

// Store one key and its value; false when the kind of fault has no such key or value.
bool set(Request* request, std::string_view key, std::string_view value) {
  if (key == "op") {
    request->op = value;
    return !value.empty();
  }
  if (key == "call" && value == "every") {
    request->call = 0;
    return true;
  }
  std::int64_t number = 0;
  if (!take_number(value, &number)) return false;
  if (key == "call") {
    request->call = number;
    return number > 0;
  }
  if (request->kind != Request::Kind::flip) return false;
  if (key == "output") request->fault.output = static_cast<int>(number);
  if (key == "element") request->fault.element = number;
  if (key == "bit") request->fault.bit = static_cast<int>(number);
  return key == "output" || key == "element" || key == "bit";
}

// Remove the part up to `separator` from `*text` and return it.
std::string_view cut(std::string_view* text, char separator) {
  auto at = text->find(separator);
  auto head = text->substr(0, at);
  *text = at == std::string_view::npos ? std::string_view{} : text->substr(at + 1);
  return head;
}

bool parse(std::string_view text, Request* request) {
  auto kind = cut(&text, ':');
  if (kind == "oom") {
    request->kind = Request::Kind::oom;
  } else if (kind == "error") {
    request->kind = Request::Kind::error;
    request->fault.kind = OpFault::Kind::error;
  } else if (kind == "flip") {
    request->kind = Request::Kind::flip;
    request->fault.kind = OpFault::Kind::flip;
  } else {
    return false;
  }
  while (!text.empty()) {
    auto pair = cut(&text, ',');
    auto key = cut(&pair, '=');
    if (!set(request, key, pair)) return false;
  }
  return (request->kind == Request::Kind::oom) == request->op.empty();
}

const Plan& plan() {
  static const Plan read_once = [] {
    Plan plan;
    std::string_view text = settings().fault;
    while (!text.empty() && plan.error.empty()) {
      auto part = cut(&text, ';');
      if (Request request; parse(part, &request)) {
        plan.requests.push_back(request);
      } else {
        plan.error = "SOFTCANN_FAULT='" + std::string(part) +
                     "': expected oom:call=N, error:op=NAME,call=N or "
                     "flip:op=NAME,call=N,output=N,element=N,bit=N (call=every for every call)";
      }
    }
    return plan;
  }();
  return read_once;
}

// Count one more call under `what` and return the count.
std::int64_t count(std::string_view what) {
  static std::mutex mutex;
  static auto* calls = new std::map<std::string, std::int64_t, std::less<>>;
  std::scoped_lock lock(mutex);
  auto entry = calls->find(what);
  if (entry == calls->end()) entry = calls->emplace(what, 0).first;
  return ++entry->second;
}

bool due(const Request& request, std::int64_t call) { return request.call == 0 || request.call == call; }

}  // namespace

std::optional<OpFault> fault_of_op(std::string_view op) {
  if (plan().requests.empty()) return std::nullopt;
  auto call = count(op);
  for (const auto& request : plan().requests) {
    if (request.op == op && due(request, call)) return request.fault;
  }
  return std::nullopt;
}

bool fault_of_allocation() {
  if (plan().requests.empty()) return false;
  auto call = count("");
  for (const auto& request : plan().requests) {
    if (request.kind == Request::Kind::oom && due(request, call)) return true;
  }
  return false;
}

std::string fault_syntax_error() { return plan().error; }

}  // namespace softcann
