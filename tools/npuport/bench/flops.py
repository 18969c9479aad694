"""Floating-point operations of a call, counted by torch's own counter on the meta device (shapes, no data).

Matrix products, convolutions and attention are counted, a multiply-add as two. Elementwise operations, norms,
softmax, reductions and embeddings are not: the counter has no formula for them. On the meta device attention
is counted as its two matrix products; on the CPU torch 2.13 counts nothing for its fused kernel.
"""

import copy
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import FlopCounterMode

from npuport.adapter import EntryPoint


class Counter:
    """Counts on a copy of the model that has shapes and no data."""

    def __init__(self, model: nn.Module) -> None:
        self._shapes = copy.deepcopy(model).to("meta")

    def count(self, entry: EntryPoint, inputs: Mapping[str, Tensor]) -> int | None:
        """The operations of one call; None where the model reads data, which the meta device has not."""
        shapes = {name: tensor.to("meta") for name, tensor in inputs.items()}
        try:
            with torch.no_grad(), FlopCounterMode(display=False) as counter:
                entry.run(self._shapes, shapes)
        except (RuntimeError, ValueError):
            return None
        return int(counter.get_total_flops())


class Launches(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Counts the operations that a call dispatches, without views: about one launch each."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.count = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Count the operation and run it."""
        self.count += not func.is_view and func is not torch.ops.aten._unsafe_view.default
        return func(*args, **(kwargs or {}))
