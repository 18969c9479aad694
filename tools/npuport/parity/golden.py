"""The golden: the same function in float64, the yardstick for the CPU and for the device.

`model.double()` is not one. It casts buffers that upstream keeps in bfloat16, which changes the function
(VTP's RoPE table moves by 6e-3), and upstream's own casts to float32 remain (RMSNorm). Against such a
golden the error of float32 seems to be 1e-4; against a faithful one it is 5e-7. So what upstream keeps
below float32 stays as it is, and float64 is computed wherever upstream asks for float32. Both are checked.
"""

import copy
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_iter, tree_map

from npuport.base.errors import PortError


def golden(model: nn.Module) -> nn.Module:
    """A copy, to be run in `float64()`: float32 parameters and buffers in float64, all others unchanged."""
    widened = copy.deepcopy(model)
    for tensor in [*widened.parameters(), *widened.buffers()]:
        if tensor.dtype == torch.float32:
            tensor.data = tensor.data.double()
    return widened


@contextmanager
def float64() -> Iterator[None]:
    """Within it, float32 means float64.

    Raises:
        PortError: an operation yields float32 nevertheless, so that this would not be a golden.
    """
    default = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    try:
        with _Widen(), _RefuseFloat32():  # type: ignore[no-untyped-call]
            yield
    finally:
        torch.set_default_dtype(default)


class _Widen(TorchFunctionMode):
    """Makes casts to float32, and factories of float32, give float64."""

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Sequence[Any],
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        if func is Tensor.float:
            func = Tensor.double
        args, kwargs = tree_map(_widened, (args, kwargs or {}))
        return func(*args, **kwargs)


def _widened(argument: Any) -> Any:
    return torch.float64 if argument is torch.float32 else argument


class _RefuseFloat32(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Raises where an operation yields float32."""

    def __torch_dispatch__(
        self,
        func: Any,
        types: Sequence[Any],
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        result = func(*args, **(kwargs or {}))
        for leaf in tree_iter(result):
            if isinstance(leaf, Tensor) and leaf.dtype == torch.float32:
                raise PortError(
                    f"the golden run is not faithful: {func} yields float32",
                    hint="make npuport/parity/golden.py handle this way to ask for float32",
                )
        return result
