"""HF32, the chip's float32 with 11 bits of mantissa, on the CPU.

By default torch_npu lets convolutions round their operands to it (`torch.npu.conv.allow_hf32`). The products
are summed in float32, so rounding the operands before a float32 convolution gives the same errors.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.overrides import TorchFunctionMode

#: Mantissa bits that float32 has and HF32 has not.
DROPPED = 23 - 11

_CONVOLUTIONS = {
    F.conv1d,
    F.conv2d,
    F.conv3d,
    F.conv_transpose1d,
    F.conv_transpose2d,
    F.conv_transpose3d,
}


def to_hf32(tensor: Tensor) -> Tensor:
    """Round float32 to 11 bits of mantissa, half to even; return any other dtype unchanged."""
    if tensor.dtype != torch.float32:
        return tensor
    bits = tensor.contiguous().view(torch.int32)
    half = (1 << (DROPPED - 1)) - 1
    rounded = (bits + half + ((bits >> DROPPED) & 1)) & -(1 << DROPPED)
    return torch.where(tensor.isfinite(), rounded.view(torch.float32), tensor)


class ConvHf32(TorchFunctionMode):
    """Within it, convolutions round their input and weight (not the bias) to HF32."""

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Sequence[Any],
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        """Round the first two arguments of a convolution."""
        if func in _CONVOLUTIONS:
            args = (to_hf32(args[0]), to_hf32(args[1]), *args[2:])
        return func(*args, **(kwargs or {}))
