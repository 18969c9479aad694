"""A model of one layer, and entry points that fail in all the ways that the benchmark must bear."""

import os
import signal
import sys
from typing import Any

import torch
from torch import Tensor, nn

from npuport.adapter import EntryPoint, Inputs


def _double(model: nn.Module, inputs: Inputs) -> Tensor:
    print("upstream prints")
    result: Tensor = model(inputs["x"])
    return result


def _whole(model: nn.Module, inputs: Inputs) -> Tensor:
    if torch.is_autocast_enabled("cpu") and torch.get_autocast_dtype("cpu") == torch.float16:
        raise RuntimeError("no kernel for Half")
    return _double(model, inputs)


def _greedy(model: nn.Module, inputs: Inputs) -> Tensor:
    if len(inputs["x"]) > 2:
        raise torch.OutOfMemoryError("2 items are all that fit")
    return _double(model, inputs)


def _deadly(model: nn.Module, inputs: Inputs) -> Tensor:
    if inputs["x"].device.type != "meta" and len(inputs["x"]) > 1 and not torch.is_autocast_enabled("cpu"):
        print("the driver gives up", file=sys.stderr, flush=True)
        os.kill(os.getpid(), signal.SIGABRT)
    return _double(model, inputs)


class Toy:
    name = "toy"
    sizes = ("tiny",)
    default_sizes = ("tiny",)
    entry_points = tuple(
        EntryPoint(run.__name__.strip("_"), run, ("x",)) for run in (_double, _whole, _greedy, _deadly)
    )
    pipelines = (EntryPoint("all of it", _double, ("x",)),)
    headline = ("double", "all of it")

    def build(self, source: Any) -> nn.Module:
        return nn.Sequential(nn.Linear(64, 32, bias=False))

    def random_inputs(self, model: nn.Module, seed: int, count: int) -> dict[str, Tensor]:
        return {
            "x": torch.randn(count, 64, generator=torch.Generator().manual_seed(seed)),
            "y": torch.ones(1),
        }


adapter = Toy()
