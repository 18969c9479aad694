"""Whether a call waits for the host to launch work, or for the device to do it."""

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any, Literal

from npuport.device.accelerator import Accelerator

Bound = Literal["host", "device", "not applicable"]

#: Calls that are measured.
CALLS = 5
#: The device is the bottleneck where, when the last launch is made, more than this share of the call is left.
#: A device that outruns the host has little more than the last launch's work left by then.
LEFT = 0.1


@dataclass(frozen=True)
class Launch:
    """How the launches of a call and its work lie in time.

    Args:
        bound: `host` where the device waits for launches, `device` where launches wait for it.
        reason: why it is not applicable, else the rule with its figure.
        launches: operations dispatched in a call, views left out.
        between_us: mean time between launches, in microseconds.
        enqueue_ms: time until the call returns.
        drain_ms: time from there until the device is idle.
    """

    bound: Bound
    reason: str
    launches: int
    between_us: float | None
    enqueue_ms: float | None
    drain_ms: float | None

    def json(self) -> dict[str, Any]:
        """As plain data."""
        return asdict(self)


def observe(call: Callable[[], object], device: Accelerator, launches: int) -> Launch:
    """See where the time of a call goes that makes so many launches."""
    if device.synchronous:
        return Launch("not applicable", device.synchronous, launches, None, None, None)
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
    bound: Bound = "device" if left > LEFT else "host"
    reason = (
        f"{left:.0%} of the call is left when the last launch is made; more than {LEFT:.0%} is device-bound"
    )
    between = enqueue_ms * 1e3 / launches if launches else None
    return Launch(bound, reason, launches, between, enqueue_ms, drain_ms)
