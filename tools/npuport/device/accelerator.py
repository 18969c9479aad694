"""What the benchmark asks of a device: to be idle, its name, its memory, its precision flags."""

import platform
from pathlib import Path
from typing import Any

import torch


class Accelerator:
    """A device under torch's name for its kind.

    Args:
        kind: `npu`, `cuda` or `cpu`.
    """

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.torch = torch.device(kind if kind == "cpu" else f"{kind}:0")
        self._module: Any = None if kind == "cpu" else getattr(torch, kind)

    @property
    def name(self) -> str:
        """As the device names itself; the CPU as the system does."""
        if self._module is not None:
            return str(self._module.get_device_name(0))
        try:
            lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
        except OSError:
            lines = []
        named = (line.partition(":")[2].strip() for line in lines if line.startswith(("model name", "Model")))
        return next(filter(None, named), platform.processor() or platform.machine())

    @property
    def synchronous(self) -> str:
        """Why launches and work cannot be told apart here; empty where they can."""
        if self.kind == "cpu":
            return "on the CPU the call is the work"
        return "the simulator works within the call that launches" if "simulated" in self.name else ""

    def synchronize(self) -> None:
        """Wait until the device is idle."""
        if self._module is not None:
            self._module.synchronize()

    def flags(self) -> dict[str, bool]:
        """What allows lower precision in float32, as it is set now."""
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
        """Give what the allocator holds and does not use back to the device."""
        if self._module is not None:
            self._module.empty_cache()

    def allocator(self) -> Any:
        """torch's allocator of this device: memory_allocated and its kin; None for the CPU."""
        return self._module
