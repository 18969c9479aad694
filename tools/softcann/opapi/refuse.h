// Refuses functions of CANN that the simulator lacks; generators/refused_ops.py lists them from the wheel.
#pragma once

#include "core/export.h"

namespace softcann {
int refuse_op(const char* symbol);  // executor.h, which brings ATen with it
}  // namespace softcann

// Phase 1 fails and names the function, so that torch_npu raises. The functions take no parameters: with the
// C calling convention, a function may ignore those that the caller passes.
#define REFUSE(SYMBOL)                                                               \
  SOFTCANN_C int SYMBOL##GetWorkspaceSize() { return softcann::refuse_op(#SYMBOL); } \
  SOFTCANN_C int SYMBOL() { return softcann::refuse_op(#SYMBOL); }
