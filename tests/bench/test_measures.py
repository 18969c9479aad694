"""The clock, the count of work and the count of memory, on calls of known work."""

import gc
import time
from typing import Any

import pytest
import torch

from npuport.adapter import EntryPoint, Inputs
from npuport.bench import memory
from npuport.bench.busy import Ticks
from npuport.bench.clock import timed, undisturbed, warm_up
from npuport.bench.flops import Counter, Launches
from npuport.bench.visit import caller, refusal
from npuport.device.accelerator import Accelerator

nn = torch.nn


class Log:
    """Records its calls."""

    def __init__(self) -> None:
        self.calls: list[str] = []

    def call(self) -> None:
        self.calls.append("call")

    def synchronize(self) -> None:
        self.calls.append("synchronize")


def test_the_device_is_idle_before_and_after_each_timed_call() -> None:
    log = Log()
    assert len(timed(log.call, log.synchronize, 3, seconds=60)) == 3
    assert log.calls == ["synchronize"] + ["call", "synchronize"] * 3


def test_time_over_ends_the_loop_after_one_call_at_least() -> None:
    log = Log()
    assert len(timed(log.call, log.synchronize, 50, seconds=0)) == 1


def test_short_calls_go_on_for_the_least_time() -> None:
    log = Log()
    samples = timed(log.call, log.synchronize, 1, seconds=60, least=0.02)
    assert len(samples) > 1
    assert sum(samples) <= 0.03e9


def test_samples_are_nanoseconds_of_the_call() -> None:
    started = time.perf_counter_ns()
    (sample,) = timed(lambda: time.sleep(0.01), lambda: None, 1, seconds=60)
    assert 10_000_000 <= sample <= time.perf_counter_ns() - started


def test_warm_up_ends_when_two_windows_agree_or_the_time_is_over() -> None:
    assert warm_up(lambda: time.sleep(0.005), lambda: None, seconds=60)["steady"]
    over = warm_up(lambda: None, lambda: None, seconds=0)
    assert over == {"iterations": 0, "steady": False}


def test_nothing_disturbs_the_clock_and_all_is_restored() -> None:
    assert gc.isenabled()
    with undisturbed():
        assert not gc.isenabled()
    assert gc.isenabled()


def test_other_processes_used_what_we_did_not() -> None:
    before, after = Ticks(100, 1000, 10), Ticks(160, 1100, 40)
    assert after.others(before) == 0.3
    assert before.others(before) is None
    assert Ticks(110, 1100, 90).others(before) == 0.0


class Block(nn.Module):
    """A convolution and attention, with shapes of which the work is known."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3, padding=1)

    def forward(self, image: Any) -> Any:
        tokens = self.conv(image).flatten(2).transpose(1, 2).unsqueeze(1)
        return nn.functional.scaled_dot_product_attention(tokens, tokens, tokens)


def _run(model: nn.Module, inputs: Inputs) -> Any:
    return model(inputs["image"])


BLOCK = EntryPoint("block", _run, ("image",))


@pytest.mark.parametrize("batch", [1, 4])
def test_convolution_and_attention_are_counted(batch: int) -> None:
    side, tokens, width = 8, 64, 8
    convolution = 2 * batch * side * side * width * 3 * 9
    attention = 2 * 2 * batch * tokens * tokens * width
    image = torch.zeros(batch, 3, side, side)
    assert Counter(Block()).count(BLOCK, {"image": image}) == convolution + attention


def test_a_model_that_reads_its_data_is_not_counted() -> None:
    entry = EntryPoint("nosy", lambda model, inputs: inputs["image"].sum().item(), ("image",))
    assert Counter(Block()).count(entry, {"image": torch.zeros(2)}) is None


def test_launches_leave_views_out() -> None:
    matrix = torch.ones(4, 4)
    with Launches() as launches:
        (matrix.transpose(0, 1).reshape(16)[None] + 1).sum()
    assert launches.count == 3  # the copy that reshape makes, the sum of two, the sum of all


def test_memory_of_a_call_is_the_peak_of_what_lives_at_once() -> None:
    model = nn.Linear(16, 16, bias=False)

    def call() -> None:
        for _ in range(3):  # each megabyte is gone before the next one comes
            held = torch.ones(2**18)
            del held

    found = memory.measure(call, model, Accelerator("cpu"))
    assert found["weights_bytes"] == 16 * 16 * 4
    assert found["inference_bytes"] == 2**20
    assert found["peak_bytes"] == found["weights_bytes"] + found["inference_bytes"]
    assert found["device_bytes"] is None


def test_weights_that_are_shared_count_once() -> None:
    layer = nn.Linear(8, 8, bias=False)
    assert memory.weights(nn.Sequential(layer, layer, nn.Linear(8, 8))) == 4 * (64 + 64 + 8)


def test_lower_precision_is_autocast_and_leaves_the_model_alone() -> None:
    model = nn.Linear(8, 8)
    entry = EntryPoint("layer", lambda model, inputs: model(inputs["x"]), ("x",))
    inputs = {"x": torch.ones(1, 8)}
    results: dict[str, Any] = {
        dtype: caller(entry, model, inputs, dtype, "cpu")() for dtype in ("float32", "bfloat16")
    }
    assert results["float32"].dtype == torch.float32
    assert results["bfloat16"].dtype == torch.bfloat16
    assert not results["float32"].requires_grad
    assert model.weight.dtype == torch.float32


@pytest.mark.parametrize(
    ("error", "state"),
    [
        (torch.OutOfMemoryError("CUDA out of memory"), "ended"),
        (MemoryError(), "ended"),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory: not enough memory"), "ended"),
        (RuntimeError("aclnnFoo is not implemented by the simulator\nmore"), "refused"),
        (ValueError(""), "refused"),
    ],
    ids=["cuda", "host", "cpu", "operation", "nameless"],
)
def test_an_error_is_the_end_of_a_sweep_or_a_refusal(error: Exception, state: str) -> None:
    found = refusal(error)
    assert found["state"] == state
    assert found["reason"]
    assert "\n" not in found["reason"]
