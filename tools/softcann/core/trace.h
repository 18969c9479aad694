// Counts the calls of each op; at exit writes them to the file SOFTCANN_TRACE, a line "count name" for each.
#pragma once

#include <string_view>

#include "core/export.h"

namespace softcann {

// Count one call under `name`: an op ("aclnnMul"), or an op with a detail ("aclnnMm cubeMathType=3").
SOFTCANN_EXPORT void count_call(std::string_view name);

}  // namespace softcann
