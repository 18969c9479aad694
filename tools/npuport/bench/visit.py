"""One run in one round: warm up, look at memory and launches, time."""

import time
from collections.abc import Mapping

import torch
from torch import Tensor, nn

from npuport.adapter import EntryPoint
from npuport.bench import launches, memory
from npuport.bench.answers import FailedVisit, Visit
from npuport.bench.clock import LEAST, Call, timed, undisturbed, warm_up
from npuport.bench.flops import Launches
from npuport.device.accelerator import Accelerator
from npuport.device.runtime import trap_fallbacks

#: Texts in the errors of allocators that are out of memory; torch has a class of its own besides.
_OUT_OF_MEMORY = ("out of memory", "not enough memory", "207001", "507899")


def caller(entry: EntryPoint, model: nn.Module, inputs: Mapping[str, Tensor], dtype: str, kind: str) -> Call:
    """An entry point as its users call it: no gradients; in all dtypes but float32 under autocast."""
    if dtype == "float32":

        def call() -> object:
            with torch.no_grad():
                return entry.run(model, inputs)
    else:
        lower = getattr(torch, dtype)

        def call() -> object:
            with torch.no_grad(), torch.autocast(kind, dtype=lower):
                return entry.run(model, inputs)

    return call


def visit(
    entry: EntryPoint,
    model: nn.Module,
    inputs: Mapping[str, Tensor],
    dtype: str,
    device: Accelerator,
    bounds: tuple[int, float],
    flops: int | None,
    *,
    first: bool,
) -> Visit:
    """Measure a run.

    Args:
        entry, model, inputs: what runs; on the device.
        dtype: float32, or what autocast lowers to.
        device: where it runs.
        bounds: iterations and seconds to end after.
        flops: of one call, for the answer.
        first: look at memory and launches, too.
    """
    call = caller(entry, model, inputs, dtype, device.kind)
    iterations, seconds = bounds
    started = time.monotonic()
    try:
        used, launch = None, None
        with trap_fallbacks() as fallbacks:
            if first:
                with Launches() as launched:
                    used = memory.measure(call, model, device)
                launch = launches.observe(call, device, launched.count)
            else:
                call()
                device.synchronize()
        with undisturbed():
            warmup = warm_up(call, device.synchronize, seconds - (time.monotonic() - started))
            samples = timed(call, device.synchronize, iterations, seconds, seconds * LEAST)
    except Exception as error:  # whatever the model or the device raises is the reason of this run
        return refusal(error)
    return {
        "state": "measured",
        "reason": "",
        "samples_ms": [round(sample / 1e6, 6) for sample in samples],
        "warmup": warmup,
        "memory": used,
        "launch": launch,
        "flops": flops,
        "fallbacks": fallbacks,
    }


def refusal(error: Exception) -> FailedVisit:
    """The visit that an exception ends: `ended` where memory is exhausted, else `refused`."""
    text = str(error).strip()
    line = next((line.strip() for line in text.splitlines() if line.strip()), type(error).__name__)
    if isinstance(error, torch.OutOfMemoryError | MemoryError) or any(
        words in text.lower() for words in _OUT_OF_MEMORY
    ):
        return {"state": "ended", "reason": f"out of memory: {line}"}
    return {"state": "refused", "reason": f"{type(error).__name__}: {line}"}
