"""Outputs of modules, kept so that the reference computes nothing twice.

Entry points share most of their work, and policies share the modules that they do not change: a text tower
has neither convolutions nor rotary tables. A module that is called again with bit-identical inputs returns
its stored output.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.conv import _ConvNd
from torch.utils._pytree import tree_iter, tree_map

from npuport.parity.case import Policy


class Memo:
    """Outputs of pure modules, by module, by how the policy changes it, and by the bytes of its inputs.

    Args:
        shipped: the model.
        tight: the same with its low-precision steps off.
        pure: returns the modules of a model whose output depends on their tensor inputs alone.
    """

    def __init__(
        self, shipped: nn.Module, tight: nn.Module, pure: Callable[[nn.Module], Iterable[nn.Module]]
    ) -> None:
        self._pure = pure
        pairs = zip(pure(shipped), pure(tight), strict=True)
        self._changed = [not _alike(one, other) for one, other in pairs]
        self._memory: dict[tuple[Any, ...], Any] = {}

    def clear(self) -> None:
        """Forget all outputs."""
        self._memory.clear()

    @contextmanager
    def over(self, model: nn.Module, policy: Policy) -> Iterator[None]:
        """Within it, the model's pure modules return stored outputs where they can."""
        modules = list(self._pure(model))
        for index, module in enumerate(modules):
            changes = (
                policy.tight and self._changed[index],
                policy.conv_hf32 and any(isinstance(part, _ConvNd) for part in module.modules()),
            )
            module.forward = self._remembering(module.forward, (index, *changes))
        try:
            yield
        finally:
            for module in modules:
                del module.forward  # uncovers the class's own

    def _remembering(self, forward: Callable[..., Any], place: tuple[Any, ...]) -> Callable[..., Any]:
        def remembered(*args: Any, **kwargs: Any) -> Any:
            key = (*place, _digest((args, sorted(kwargs.items()))))
            if key not in self._memory:
                self._memory[key] = forward(*args, **kwargs)
            return tree_map(
                lambda leaf: leaf.clone() if isinstance(leaf, Tensor) else leaf, self._memory[key]
            )

        return remembered


def _alike(one: nn.Module, other: nn.Module) -> bool:
    """Whether two copies of a module have the same settings; their parameters are equal."""
    return all(
        _settings(part) == _settings(twin) for part, twin in zip(one.modules(), other.modules(), strict=True)
    )


def _settings(module: nn.Module) -> dict[str, object]:
    plain = (bool, int, float, str, tuple, torch.dtype, type(None))
    return {name: value for name, value in vars(module).items() if isinstance(value, plain)}


def _digest(arguments: Any) -> bytes:
    hashed = hashlib.blake2b(digest_size=20)
    for leaf in tree_iter(arguments):
        if isinstance(leaf, Tensor):
            hashed.update(f"{leaf.dtype}{tuple(leaf.shape)}".encode())
            hashed.update(leaf.detach().contiguous().reshape(-1).view(torch.uint8).numpy().data)
        else:
            hashed.update(repr(leaf).encode())
    return hashed.digest()
