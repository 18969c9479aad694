"""Warm-up and the timed loop. Between two readings of the clock stand call and synchronisation alone."""

import gc
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import median

#: A window of the warm-up: so many calls at least ...
WINDOW = 3
#: ... and so many seconds.
WINDOW_SECONDS = 0.03
#: Steady: the medians of two successive windows differ by no more than this. Georges, Buytaert and Eeckhout,
#: "Statistically Rigorous Java Performance Evaluation" (OOPSLA 2007), bound the coefficient of variation of
#: the last iterations at 1 to 2%; medians bear an outlier on a shared machine, and a window is short.
STEADY = 0.05
#: Of the seconds allowed, this share is used however short the calls are.
LEAST = 0.1

Call = Callable[[], object]


@dataclass(frozen=True)
class Warmup:
    """How the warm-up ended.

    Args:
        iterations: calls made in it.
        steady: whether the last two windows agreed.
    """

    iterations: int
    steady: bool


def timed(
    call: Call, synchronize: Callable[[], None], iterations: int, seconds: float, least: float = 0.0
) -> list[int]:
    """Time each of a number of calls, the device idle before and after each.

    Args:
        call: what is timed.
        synchronize: waits until the device is idle.
        iterations: as many calls, or
        seconds: as long, whichever is over first; one call at least, and
        least: not shorter than this, however many calls that are.

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
    made, before = 0, 0.0
    while (left := end - time.monotonic()) > 0:
        window = timed(call, synchronize, WINDOW, left, WINDOW_SECONDS)
        made += len(window)
        now = median(window)
        if len(window) >= WINDOW and before and abs(now / before - 1) <= STEADY:
            return Warmup(made, steady=True)
        before = now
    return Warmup(made, steady=False)


@contextmanager
def undisturbed() -> Iterator[None]:
    """Neither the garbage collector nor a warning comes between two readings."""
    collecting = gc.isenabled()
    gc.collect()
    gc.disable()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        if collecting:
            gc.enable()
