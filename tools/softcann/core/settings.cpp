#include "core/settings.h"

#include <charconv>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string_view>

namespace softcann {
namespace {

std::string_view variable(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

std::optional<std::uint64_t> number(std::string_view text) {
  std::uint64_t value = 0;
  auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (code != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// "512M", "32G", or plain bytes.
std::optional<std::uint64_t> bytes(std::string_view text) {
  int shift = 0;
  if (text.ends_with('K')) shift = 10;
  if (text.ends_with('M')) shift = 20;
  if (text.ends_with('G')) shift = 30;
  if (shift) text.remove_suffix(1);
  auto value = number(text);
  if (!value || *value > (UINT64_MAX >> shift)) return std::nullopt;
  return *value << shift;
}

std::string syntax_error(const char* name, std::string_view value, const char* expected) {
  return std::string(name) + "='" + std::string(value) + "': expected " + expected;
}

Settings read() {
  Settings settings;
  if (auto text = variable("SOFTCANN_DEVICES"); !text.empty()) {
    auto value = number(text);
    if (value && *value <= kMostDevices) {
      settings.devices = static_cast<int>(*value);
    } else {
      settings.error = syntax_error("SOFTCANN_DEVICES", text, "a number from 0 to 64");
    }
  }
  if (auto text = variable("SOFTCANN_MEMORY"); !text.empty()) {
    auto value = bytes(text);
    if (value && *value > 0) {
      settings.memory = *value;
    } else {
      settings.error =
          syntax_error("SOFTCANN_MEMORY", text, "a number of bytes, or a size such as 512M or 32G");
    }
  }
  if (auto text = variable("SOFTCANN_LOG"); !text.empty()) {
    auto value = number(text);
    if (value && *value <= 4) {
      settings.log_level = static_cast<int>(*value);
    } else {
      settings.error = syntax_error("SOFTCANN_LOG", text, "a level from 0 (debug) to 4 (nothing)");
    }
  }
  settings.trace = variable("SOFTCANN_TRACE");
  settings.fault = variable("SOFTCANN_FAULT");
  return settings;
}

}  // namespace

const Settings& settings() {
  static const Settings read_once = read();
  return read_once;
}

}  // namespace softcann
