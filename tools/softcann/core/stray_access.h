// Prints the reason when the host accesses device memory, which ends in SIGSEGV.
#pragma once

#include <optional>

#include "core/memory.h"

namespace softcann {

// Install, once, a SIGSEGV handler that prints which device memory was accessed and then restores the
// previous handler. `find` must not wait for a lock.
void explain_stray_access(std::optional<Allocation> (*find)(const void*));

}  // namespace softcann
