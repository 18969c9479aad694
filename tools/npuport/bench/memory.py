"""The memory of one call: the weights, what inference adds at its peak, what the device has.

On an accelerator torch's allocator counts it. On the CPU no allocator does: the storages that operations
return are followed instead, which leaves out what a kernel allocates inside.
"""

import weakref
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from npuport.bench.format import Memory
from npuport.device.accelerator import Accelerator


def weights(model: nn.Module) -> int:
    """The bytes of a model's parameters and buffers; a shared storage counts once."""
    storages = {
        tensor.untyped_storage()._cdata: tensor.untyped_storage().nbytes()
        for tensor in (*model.parameters(), *model.buffers())
    }
    return sum(storages.values())


def measure(call: Callable[[], object], model: nn.Module, device: Accelerator) -> Memory:
    own, allocator = weights(model), device.allocator()
    if allocator is None:
        with _Storages() as storages:
            call()
        return {
            "weights_bytes": own,
            "inference_bytes": storages.peak,
            "peak_bytes": own + storages.peak,
            "reserved_bytes": None,
            "total_bytes": None,
            "device_bytes": None,
            "share": None,
            "device_share": None,
            "basis": "tensors that operations returned on the CPU; what kernels allocate inside is left out",
        }
    if not device.synchronous:
        call()  # on a chip the first call compiles and picks kernels, which takes memory once
    device.synchronize()
    device.empty_cache()
    allocator.reset_peak_memory_stats()
    call()
    device.synchronize()
    peak = max(own, int(allocator.max_memory_allocated()))
    free, capacity = (int(figure) for figure in allocator.mem_get_info())
    return {
        "weights_bytes": own,
        "inference_bytes": peak - own,
        "peak_bytes": peak,
        "reserved_bytes": int(allocator.memory_reserved()),
        "total_bytes": capacity - free,
        "device_bytes": capacity,
        "share": peak / capacity,
        "device_share": (capacity - free) / capacity,
        "basis": f"torch.{device.kind}'s allocator",
    }


class _Storages(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Follows the storages that operations return: the bytes alive, and their peak."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.peak = 0
        self._alive = 0
        self._known: set[int] = set()

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Run the operation and count its new storages."""
        known = {leaf.untyped_storage()._cdata for leaf in tree_leaves((args, kwargs)) if _has_storage(leaf)}
        result = func(*args, **(kwargs or {}))
        for leaf in tree_leaves(result):
            if _has_storage(leaf):
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


def _has_storage(leaf: object) -> bool:
    return isinstance(leaf, Tensor) and leaf.layout == torch.strided
