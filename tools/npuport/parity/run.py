"""Calling an entry point, and naming what it returns."""

from collections.abc import Iterator, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from npuport.adapter import EntryPoint, Inputs
from npuport.errors import PortError


def call(entry: EntryPoint, model: nn.Module, inputs: Inputs) -> dict[str, Tensor]:
    """Run an entry point the way its users do, without gradients, and name its output tensors.

    Returns:
        The outputs on the CPU, by their place: `output` for a bare tensor, `cls_token` for a dict's entry,
        `0.1` for the second tensor of the first tuple.

    Raises:
        PortError: the model has an output that is no tensor.
    """
    with torch.no_grad():
        outputs = entry.run(model, inputs)
    return {name: tensor.detach().cpu() for name, tensor in _leaves(entry.name, outputs, "")}


def _leaves(entry: str, value: Any, place: str) -> Iterator[tuple[str, Tensor]]:
    if isinstance(value, Tensor):
        yield place or "output", value
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from _leaves(entry, item, f"{place}.{key}" if place else str(key))
    elif isinstance(value, tuple | list):
        for index, item in enumerate(value):
            yield from _leaves(entry, item, f"{place}.{index}" if place else str(index))
    else:
        raise PortError(
            f"{entry}: output {place or 'output'} is a {type(value).__name__}, not a tensor",
            mend="let the adapter's entry point return tensors only",
        )
