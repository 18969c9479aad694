"""What is run: an entry point, on a set of inputs, at a precision policy, of a model size.

The suite imports this module before the device is ready, so torch is imported only where a case runs.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from npuport.adapter import EntryPoint, Inputs
from npuport.base.errors import PortError

if TYPE_CHECKING:
    from torch import Tensor, nn

PolicyName = Literal["tight", "shipped", "shipped-hf32"]
#: A set of inputs: the adapter's random ones or its real ones.
InputSet = Literal["random", "real"]

#: Random inputs in a batch: the figures are pooled over them, so that no single input decides.
COUNT = 8


@dataclass(frozen=True)
class Policy:
    """How precisely a run computes.

    Args:
        name: its name in the reports.
        tight: upstream's own low-precision steps are switched off, in the reference and in the candidate.
        conv_hf32: convolutions round their operands to HF32, which torch_npu allows by default.
        title: its description, one line.
    """

    name: PolicyName
    tight: bool
    conv_hf32: bool
    title: str

    @property
    def mode(self) -> str:
        """The function that the model computes; policies of one mode share their golden."""
        return "tight" if self.tight else "shipped"


POLICIES = (
    Policy("tight", True, False, "upstream's low-precision steps off, HF32 off: carries the verdict"),
    Policy("shipped", False, False, "the model as shipped, HF32 off: coarse"),
    Policy("shipped-hf32", False, True, "the model as shipped, torch_npu's defaults: what a user gets"),
)


@dataclass(frozen=True)
class Case:
    """One entry point, on one set of inputs, at one policy, of one size."""

    size: str
    policy: Policy
    inputs: InputSet
    entry: EntryPoint

    @property
    def id(self) -> str:
        """The case's name: `tiny-tight-random-get_clip_logits`."""
        return f"{self.size}-{self.policy.name}-{self.inputs}-{self.entry.name}"


def call(entry: EntryPoint, model: "nn.Module", inputs: Inputs) -> "dict[str, Tensor]":
    """Run an entry point without gradients and return its output tensors by name, on the CPU.

    A name is the tensor's place in the output: `output` for a bare tensor, `cls_token` for a dict's entry,
    `0.1` for the second tensor of the first tuple.

    Raises:
        PortError: an output is not a tensor.
    """
    import torch

    with torch.no_grad():
        outputs = entry.run(model, inputs)
    return {name: tensor.detach().cpu() for name, tensor in _leaves(entry.name, outputs, "")}


def _leaves(entry: str, value: Any, place: str) -> "Iterator[tuple[str, Tensor]]":
    from torch import Tensor

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
            hint="change the adapter's entry point to return tensors only",
        )
