"""Warm-up and the timed loop. Only the call and a synchronisation are between two readings of the clock."""

import gc
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from statistics import median

from npuport.bench.format import Warmup

#: A window of the warm-up has at least so many calls ...
WINDOW = 3
#: ... and lasts at least so many seconds.
WINDOW_SECONDS = 0.03
#: The warm-up is steady when the medians of two successive windows differ by at most this. Georges, Buytaert
#: and Eeckhout, "Statistically Rigorous Java Performance Evaluation" (OOPSLA 2007), bound the coefficient of
#: variation of the last iterations at 1 to 2%; medians bear an outlier on a shared machine, and a window is
#: short.
STEADY = 0.05
#: A run uses at least this share of the seconds it may take, however short its calls are.
LEAST = 0.1

Call = Callable[[], object]


def timed(
    call: Call, synchronize: Callable[[], None], iterations: int, seconds: float, least: float = 0.0
) -> list[int]:
    """Time a number of calls, each with the device idle before and after it.

    Args:
        call: what is timed.
        synchronize: waits until the device is idle.
        iterations: stop after so many calls, or
        seconds: after so many seconds, whichever comes first, but not before the first call has ended;
        least: go on for at least so many seconds, even beyond `iterations`.

    Returns:
        Nanoseconds of each call, in order.
    """
    now = time.perf_counter_ns
    samples: list[int] = []
    keep = samples.append
    synchronize()
    begun = done = now()
    end, early = begun + int(seconds * 1e9), begun + int(least * 1e9)
    while (len(samples) < iterations or done < early) and (done < end or not samples):
        begun = now()
        call()
        synchronize()
        done = now()
        keep(done - begun)
    return samples


def warm_up(call: Call, synchronize: Callable[[], None], seconds: float) -> Warmup:
    """Call until the medians of two successive windows agree, or the time is over."""
    end = time.monotonic() + seconds
    count, before = 0, 0.0
    while (left := end - time.monotonic()) > 0:
        window = timed(call, synchronize, WINDOW, left, WINDOW_SECONDS)
        count += len(window)
        now = median(window)
        if len(window) >= WINDOW and before and abs(now / before - 1) <= STEADY:
            return Warmup(iterations=count, steady=True)
        before = now
    return Warmup(iterations=count, steady=False)


@contextmanager
def undisturbed() -> Iterator[None]:
    """No garbage collection and no warning happens inside."""
    enabled = gc.isenabled()
    gc.collect()
    gc.disable()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        if enabled:
            gc.enable()
