// What leaves a library: everything else is built with hidden visibility.
#pragma once

#define CANNSIM_EXPORT __attribute__((visibility("default")))
// A symbol of CANN's C interface.
#define CANNSIM_C extern "C" CANNSIM_EXPORT
