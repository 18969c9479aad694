// Functions that CANN has and the simulator does not. The build writes the list from the names in the wheel.
#pragma once

#include "core/export.h"

namespace softcann {
int refuse_op(const char* symbol);  // executor.h, which brings ATen with it
}  // namespace softcann

// Phase 1 fails and names the function, so that torch_npu raises. The parameters are
// the caller's business: the C calling convention lets a function ignore them.
#define REFUSE(SYMBOL)                                                             \
  SOFTCANN_C int SYMBOL##GetWorkspaceSize() { return softcann::refuse_op(#SYMBOL); } \
  SOFTCANN_C int SYMBOL() { return softcann::refuse_op(#SYMBOL); }
