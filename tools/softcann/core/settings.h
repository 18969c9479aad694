// The environment variables of the simulator. See "Switches" in README.md.
#pragma once

#include <cstddef>
#include <string>

#include "core/export.h"

namespace softcann {

inline constexpr int kMostDevices = 64;

struct Settings {
  int devices = 1;                             // SOFTCANN_DEVICES
  std::size_t memory = std::size_t{32} << 30;  // SOFTCANN_MEMORY, bytes of each device
  std::string trace;                           // SOFTCANN_TRACE, a path
  std::string fault;                           // SOFTCANN_FAULT
  int log_level = 4;                           // SOFTCANN_LOG: 0 debug ... 3 error, 4 nothing

  std::string error;  // message for a variable that cannot be parsed; empty when there is none
};

// Read once, at first use: a later change of the environment has no effect.
SOFTCANN_EXPORT const Settings& settings();

}  // namespace softcann
