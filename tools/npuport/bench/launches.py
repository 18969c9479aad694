"""Whether a call waits for the host to launch work, or for the device to do it."""

import time
from collections.abc import Callable
from statistics import median
from typing import Literal

from npuport.bench.format import Launch
from npuport.device.accelerator import Accelerator

#: Number of calls that are measured.
CALLS = 5
#: A call is device-bound when more than this share of its time is left after its last launch. A device that
#: is faster than the host has little more than the last launch's work left by then.
LEFT = 0.1


def observe(call: Callable[[], object], device: Accelerator, launches: int) -> Launch:
    """Find what bounds a call that makes so many launches."""
    if device.synchronous:
        return _launch("not applicable", device.synchronous, launches)
    enqueue, drain = [], []
    for _ in range(CALLS):
        started = time.perf_counter()
        call()
        returned = time.perf_counter()
        device.synchronize()
        enqueue.append(returned - started)
        drain.append(time.perf_counter() - returned)
    return judge(launches, median(enqueue) * 1e3, median(drain) * 1e3)


def judge(launches: int, enqueue_ms: float, drain_ms: float) -> Launch:
    """Apply the rule to measured times."""
    left = drain_ms / (enqueue_ms + drain_ms)
    reason = (
        f"{left:.0%} of the call is left when the last launch is made; more than {LEFT:.0%} is device-bound"
    )
    return _launch("device" if left > LEFT else "host", reason, launches, (enqueue_ms, drain_ms))


def _launch(
    bound: Literal["host", "device", "not applicable"],
    reason: str,
    launches: int,
    times: tuple[float, float] | None = None,
) -> Launch:
    enqueue_ms, drain_ms = times or (None, None)
    return {
        "bound": bound,
        "reason": reason,
        "launches": launches,
        "between_us": enqueue_ms * 1e3 / launches if enqueue_ms is not None and launches else None,
        "enqueue_ms": enqueue_ms,
        "drain_ms": drain_ms,
    }
