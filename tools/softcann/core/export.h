// Marks exported symbols: everything else is built with hidden visibility.
#pragma once

#define SOFTCANN_EXPORT __attribute__((visibility("default")))
// A symbol of CANN's C interface.
#define SOFTCANN_C extern "C" SOFTCANN_EXPORT
