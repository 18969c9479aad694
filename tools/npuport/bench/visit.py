"""One run in one round: warm up, look at memory and launches, time."""

import time
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import torch
from torch import Tensor, nn

from npuport.adapter import EntryPoint
from npuport.bench import launches, memory
from npuport.bench.clock import LEAST, Call, timed, undisturbed, warm_up
from npuport.bench.flops import Launches
from npuport.device.accelerator import Accelerator
from npuport.device.runtime import trap_fallbacks

#: What an allocator says when it is out of memory, beside torch's own class of error.
_OUT_OF_MEMORY = ("out of memory", "not enough memory", "207001", "507899")


def caller(entry: EntryPoint, model: nn.Module, inputs: Mapping[str, Tensor], dtype: str, kind: str) -> Call:
    """An entry point as its users call it: no gradients, autocast in all but float32, entered each time."""
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
    *,
    first: bool,
) -> dict[str, Any]:
    """Measure a run.

    Args:
        entry, model, inputs: what runs, on the device.
        dtype: float32, or what autocast lowers to.
        device: where.
        bounds: iterations and seconds to end after.
        first: look at memory, launches and fallbacks, too.

    Returns:
        `state` measured, refused or ended, with `reason`; `samples_ms` where it is measured.
    """
    call = caller(entry, model, inputs, dtype, device.kind)
    iterations, seconds = bounds
    started = time.monotonic()
    try:
        found: dict[str, Any] = {"memory": None, "launch": None, "fallbacks": []}
        with trap_fallbacks() as fallbacks:
            if first:
                with Launches() as launched:
                    found["memory"] = memory.measure(call, model, device).json()
                found["launch"] = launches.observe(call, device, launched.count).json()
            else:
                call()
                device.synchronize()
        found["fallbacks"] = list(fallbacks)
        with undisturbed():
            warmup = warm_up(call, device.synchronize, seconds - (time.monotonic() - started))
            samples = timed(call, device.synchronize, iterations, seconds, seconds * LEAST)
    except Exception as error:
        return refusal(error)
    return {
        "state": "measured",
        "reason": "",
        "samples_ms": [round(sample / 1e6, 6) for sample in samples],
        "warmup": asdict(warmup),
        **found,
    }


def refusal(error: Exception) -> dict[str, Any]:
    """What an exception means: the end of the sweep where memory is out, else that the run is refused."""
    text = str(error).strip()
    line = next((line.strip() for line in text.splitlines() if line.strip()), type(error).__name__)
    if isinstance(error, torch.OutOfMemoryError | MemoryError) or any(
        words in text.lower() for words in _OUT_OF_MEMORY
    ):
        return {"state": "ended", "reason": f"out of memory: {line}"}
    return {"state": "refused", "reason": f"{type(error).__name__}: {line}"}
