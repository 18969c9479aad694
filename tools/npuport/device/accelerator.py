"""A device as the benchmark uses it: wait until it is idle, its name, its memory, its precision flags."""

from typing import Any

import torch

from npuport.device.choose import processor


class Accelerator:
    """A device of torch's.

    Args:
        kind: `npu`, `cuda` or `cpu`.
    """

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.torch = torch.device(kind if kind == "cpu" else f"{kind}:0")
        self._module: Any = None if kind == "cpu" else getattr(torch, kind)

    @property
    def name(self) -> str:
        """The device's name as torch gives it; the CPU's as the system reports it."""
        return processor() if self._module is None else str(self._module.get_device_name(0))

    @property
    def synchronous(self) -> str:
        """Why a launch cannot be timed apart from its work; empty where it can."""
        if self.kind == "cpu":
            return "on the CPU a call returns when its work is done"
        return "on the simulator a launch returns when its work is done" if "simulated" in self.name else ""

    def synchronize(self) -> None:
        """Wait until the device is idle."""
        if self._module is not None:
            self._module.synchronize()

    def flags(self) -> dict[str, bool]:
        """The current flags that allow lower precision in float32."""
        if self.kind == "npu":
            return {
                "conv.allow_hf32": bool(self._module.conv.allow_hf32),
                "matmul.allow_hf32": bool(self._module.matmul.allow_hf32),
            }
        if self.kind == "cuda":
            return {
                "cudnn.allow_tf32": bool(torch.backends.cudnn.allow_tf32),
                "matmul.allow_tf32": bool(torch.backends.cuda.matmul.allow_tf32),
            }
        return {}

    def empty_cache(self) -> None:
        """Return unused memory of torch's allocator to the device."""
        if self._module is not None:
            self._module.empty_cache()

    def allocator(self) -> Any:
        """torch's module with `memory_allocated` and the like of this device; None for the CPU."""
        return self._module
