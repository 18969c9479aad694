#include "core/trace.h"

#include <cstdio>
#include <cstdlib>
#include <functional>
#include <map>
#include <mutex>
#include <string>

#include "core/settings.h"

namespace softcann {
namespace {

struct Counts {
  std::mutex mutex;
  std::map<std::string, unsigned long, std::less<>> of;
};

Counts& counts() {
  static auto* counts = new Counts;  // never destroyed: it is written at exit
  return *counts;
}

void write_counts() {
  std::FILE* file = std::fopen(settings().trace.c_str(), "w");
  if (!file) {
    std::fprintf(stderr, "[softcann] SOFTCANN_TRACE: cannot write %s\n", settings().trace.c_str());
    return;
  }
  std::scoped_lock lock(counts().mutex);
  for (const auto& [name, count] : counts().of) std::fprintf(file, "%lu %s\n", count, name.c_str());
  std::fclose(file);
}

}  // namespace

void count_call(std::string_view name) {
  static const bool enabled = [] {
    if (settings().trace.empty()) return false;
    std::atexit(write_counts);
    return true;
  }();
  if (!enabled) return;
  std::scoped_lock lock(counts().mutex);
  auto entry = counts().of.find(name);
  if (entry == counts().of.end()) entry = counts().of.emplace(name, 0).first;
  ++entry->second;
}

}  // namespace softcann
