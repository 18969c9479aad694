"""The memory of one call: the weights, what inference adds at its peak, what the device has in all.

On an accelerator torch's allocator counts. On the CPU there is none that does: the storages that operations
return are followed, which leaves out what a kernel allocates within itself.
"""

import weakref
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from npuport.device.accelerator import Accelerator


@dataclass(frozen=True)
class Memory:
    """Bytes.

    Args:
        weights_bytes: parameters and buffers.
        inference_bytes: the peak of the call less the weights.
        peak_bytes: weights and inference, which the published ports call the total.
        reserved_bytes: held by torch's allocator, used or not.
        total_bytes: in use on the device, by all processes and the driver.
        device_bytes: the device's memory.
        share: peak_bytes of device_bytes.
        device_share: total_bytes of device_bytes.
        basis: how the peak was measured, and why what is missing is missing.
    """

    weights_bytes: int
    inference_bytes: int
    peak_bytes: int
    reserved_bytes: int | None
    total_bytes: int | None
    device_bytes: int | None
    share: float | None
    device_share: float | None
    basis: str

    def json(self) -> dict[str, Any]:
        """As plain data."""
        return asdict(self)


def weights(model: nn.Module) -> int:
    """The bytes of a model's parameters and buffers, each storage once."""
    storages = {
        tensor.untyped_storage()._cdata: tensor.untyped_storage().nbytes()
        for tensor in (*model.parameters(), *model.buffers())
    }
    return sum(storages.values())


def measure(call: Callable[[], object], model: nn.Module, device: Accelerator) -> Memory:
    """Make a call and say what memory it took."""
    own, allocator = weights(model), device.allocator()
    if allocator is None:
        with _Storages() as storages:
            call()
        return Memory(
            own,
            storages.peak,
            own + storages.peak,
            None,
            None,
            None,
            None,
            None,
            "tensors that operations returned, followed on the CPU; what kernels allocate within is left out",
        )
    if not device.synchronous:
        call()  # on a chip the first call compiles and picks kernels, which takes memory once
    device.synchronize()
    device.empty_cache()
    allocator.reset_peak_memory_stats()
    call()
    device.synchronize()
    peak = max(own, int(allocator.max_memory_allocated()))
    free, capacity = (int(figure) for figure in allocator.mem_get_info())
    return Memory(
        own,
        peak - own,
        peak,
        int(allocator.memory_reserved()),
        capacity - free,
        capacity,
        peak / capacity,
        (capacity - free) / capacity,
        f"torch.{device.kind}'s allocator",
    )


class _Storages(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Follows the storages that operations return: the bytes alive, and their peak."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.peak = 0
        self._alive = 0
        self._known: set[int] = set()

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """Run it, count what is new."""
        known = {leaf.untyped_storage()._cdata for leaf in tree_leaves((args, kwargs)) if _plain(leaf)}
        result = func(*args, **(kwargs or {}))
        for leaf in tree_leaves(result):
            if _plain(leaf):
                storage = leaf.untyped_storage()
                key = storage._cdata
                if key not in known and key not in self._known:
                    self._known.add(key)
                    self._alive += storage.nbytes()
                    self.peak = max(self.peak, self._alive)
                    weakref.finalize(storage, self._freed, key, storage.nbytes())
        return result

    def _freed(self, key: int, size: int) -> None:
        self._known.discard(key)
        self._alive -= size


def _plain(leaf: object) -> bool:
    """Whether it is a tensor with a storage."""
    return isinstance(leaf, Tensor) and leaf.layout == torch.strided
