"""What bounds a call: the launches of the host, or the work of the device."""

import time
from collections.abc import Callable

import pytest

from npuport.bench.launches import judge, observe
from npuport.device.accelerator import Accelerator


class Asynchronous(Accelerator):
    """A device whose work is left when a call returns, as on an NPU."""

    synchronous = ""

    def __init__(self, work: Callable[[], None]) -> None:
        super().__init__("cpu")
        self.synchronize = work  # type: ignore[method-assign]


def takes(seconds: float) -> Callable[[], None]:
    return lambda: time.sleep(seconds)  # the time to measure


@pytest.mark.parametrize(
    ("call", "work", "bound"), [(0.02, 0.0, "host"), (0.0, 0.02, "device")], ids=["host", "device"]
)
def test_a_call_is_bound_by_what_takes_the_time(call: float, work: float, bound: str) -> None:
    launch = observe(takes(call), Asynchronous(takes(work)), launches=10)
    assert (launch["bound"], launch["launches"]) == (bound, 10)
    times = {"host": launch["enqueue_ms"], "device": launch["drain_ms"]}
    assert times[bound] is not None
    assert times[bound] >= 20
    assert launch["enqueue_ms"] is not None
    assert launch["between_us"] == launch["enqueue_ms"] * 1e3 / 10


def test_a_tenth_of_the_time_after_the_last_launch_is_still_the_hosts() -> None:
    assert judge(4, 90.0, 10.0)["bound"] == "host"
    assert judge(4, 89.0, 11.0)["bound"] == "device"


def test_on_a_synchronous_device_the_question_has_no_answer() -> None:
    launch = observe(lambda: None, Accelerator("cpu"), launches=3)
    assert (launch["bound"], launch["between_us"]) == ("not applicable", None)
    assert launch["reason"].startswith("on the CPU")
