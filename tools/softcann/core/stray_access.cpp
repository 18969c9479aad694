#include "core/stray_access.h"

#include <signal.h>
#include <unistd.h>

#include <cstdio>
#include <mutex>

namespace softcann {
namespace {

std::optional<Allocation> (*find_device_memory)(const void*) = nullptr;
struct sigaction previous;

void on_segv(int, siginfo_t* info, void*) {
  if (auto allocation = find_device_memory(info->si_addr)) {
    char line[200];
    int length =
        std::snprintf(line, sizeof line,
                      "[softcann] the host touched device memory at %p (npu:%d, %zu bytes): copy it to "
                      "the CPU first\n",
                      info->si_addr, allocation->device, allocation->size);
    [[maybe_unused]] auto written = write(STDERR_FILENO, line, static_cast<std::size_t>(length));
  }
  // The faulting instruction runs again, now under the previous handler.
  sigaction(SIGSEGV, &previous, nullptr);
}

}  // namespace

void explain_stray_access(std::optional<Allocation> (*find)(const void*)) {
  static std::once_flag once;
  std::call_once(once, [find] {
    find_device_memory = find;
    struct sigaction action{};
    action.sa_sigaction = on_segv;
    action.sa_flags = SA_SIGINFO;
    sigemptyset(&action.sa_mask);
    sigaction(SIGSEGV, &action, &previous);
  });
}

}  // namespace softcann
