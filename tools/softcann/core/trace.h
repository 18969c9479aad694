// How often each op ran: written at exit to the file that SOFTCANN_TRACE names, one "count name" a line.
#pragma once

#include <string_view>

#include "core/export.h"

namespace softcann {

// Count one call under `name`: an op ("aclnnMul"), or an op with a detail that a test looks for.
SOFTCANN_EXPORT void count_call(std::string_view name);

}  // namespace softcann
