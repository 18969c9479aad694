"""How far valid float32 runs on the CPU lie from the golden: the measure for the device's error.

One run is not enough: where a model rounds coarsely (bfloat16 RoPE), noise of one ulp changes the result of
a rounding, and the errors of two valid runs can differ by orders of magnitude. So the measure is the
largest error of a default run and of runs whose inputs have noise of about half an ulp.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from npuport.adapter import Inputs

#: Relative size of the jitter: half an ulp of float32.
JITTER = 2.0**-24


def jittered(tensor: Tensor, member: int) -> Tensor:
    """A float tensor with noise of half an ulp, the same for the same member; member 0 has none."""
    if member == 0 or not tensor.is_floating_point():
        return tensor
    generator = torch.Generator().manual_seed(member)
    noise = torch.randn(tensor.shape, generator=generator, dtype=torch.float64)
    return (tensor.double() * (1 + JITTER * noise)).to(tensor.dtype)


@contextmanager
def jittered_model(model: nn.Module, inputs: Inputs, member: int) -> Iterator[dict[str, Tensor]]:
    """Yield a member's inputs. Integers have no ulp, so the outputs of embeddings are jittered instead."""

    def jitter_output(_module: nn.Module, _args: Any, output: Tensor) -> Tensor:
        return jittered(output, member)

    hooks = [m.register_forward_hook(jitter_output) for m in model.modules() if isinstance(m, nn.Embedding)]
    try:
        yield {name: jittered(tensor, member) for name, tensor in inputs.items()}
    finally:
        for hook in hooks:
            hook.remove()
