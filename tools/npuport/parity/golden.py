"""The golden: the same function in float64, the yardstick for the CPU and for the device.

`model.double()` is none. It casts buffers that upstream keeps in bfloat16, which changes the function (VTP's
RoPE table moves by 6e-3), and upstream's own casts to float32 stay in the way (RMSNorm). Against such a
golden float32 seems to err by 1e-4; against a faithful one, by 5e-7. So here: what upstream keeps below
float32 stays exactly that, and wherever upstream says float32, float64 is computed. Both are checked.
"""

import copy
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_iter, tree_map

from npuport.base.errors import PortError


def golden(model: nn.Module) -> nn.Module:
    """A copy with its float32 parameters and buffers in float64, all others untouched; for `float64()`."""
    widened = copy.deepcopy(model)
    for tensor in [*widened.parameters(), *widened.buffers()]:
        if tensor.dtype == torch.float32:
            tensor.data = tensor.data.double()
    return widened


@contextmanager
def float64() -> Iterator[None]:
    """Within it, float32 means float64.

    Raises:
        PortError: an operation yields float32 all the same, so that the golden would not be one.
    """
    default = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    try:
        with _Widen(), _RefuseFloat32():  # type: ignore[no-untyped-call]
            yield
    finally:
        torch.set_default_dtype(default)


class _Widen(TorchFunctionMode):
    """Casts to float32, and factories of it, give float64."""

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Sequence[Any],
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        if func is Tensor.float:
            func = Tensor.double
        args, kwargs = tree_map(_widened, (args, kwargs or {}))
        return func(*args, **kwargs)


def _widened(argument: Any) -> Any:
    return torch.float64 if argument is torch.float32 else argument


class _RefuseFloat32(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """No operation may yield float32."""

    def __torch_dispatch__(
        self,
        func: Any,
        types: Sequence[Any],
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        result = func(*args, **(kwargs or {}))
        for leaf in tree_iter(result):
            if isinstance(leaf, Tensor) and leaf.dtype == torch.float32:
                raise PortError(
                    f"the golden run is not faithful: {func} yields float32",
                    hint="teach npuport/parity/golden.py this way of asking for float32",
                )
        return result
