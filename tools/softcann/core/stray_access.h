// A host access to device memory dies of SIGSEGV, as it must; here it gets a line that says why.
#pragma once

#include <optional>

#include "core/memory.h"

namespace softcann {

// Install, once, a SIGSEGV handler that names the device memory that was touched, and then hands the
// signal on to whatever handled it before. `find` must not wait for a lock.
void explain_stray_access(std::optional<Allocation> (*find)(const void*));

}  // namespace softcann
