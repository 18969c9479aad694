"""Loads the simulator when a process imports torch_npu, and not before.

Standard library only, and fast to import: every Python under `npuport sim exec` imports it at its start.
"""

import ctypes
import importlib.abc
import importlib.machinery
import importlib.util
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

#: The environment variable with the directory of the built simulator.
VARIABLE = "SOFTCANN_LIBRARIES"

#: The end of every simulated device's name.
MARK = " (simulated)"

#: The libraries in loading order. When torch_npu asks for these names, the process has them already.
LIBRARIES = (
    "ascendcl",
    "acl_op_compiler",
    "hccl",
    "ge_runner",
    "graph",
    "acl_tdt_channel",
    "opapi",
    "nnopbase",
)


def install(directory: Path) -> None:
    """Make the import of torch_npu load the simulator in `directory` first."""
    if not any(isinstance(finder, SimulatorFinder) for finder in sys.meta_path):
        sys.meta_path.insert(0, SimulatorFinder(directory))


class SimulatorFinder(importlib.abc.MetaPathFinder):
    """Finds torch_npu as the other finders do, and loads the simulator before it."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        """For torch_npu, the spec of the other finders with a wrapped loader; None for any other module."""
        if name != "torch_npu":
            return None
        others = [finder for finder in sys.meta_path if finder is not self and hasattr(finder, "find_spec")]
        spec = next(filter(None, (finder.find_spec(name, path, target) for finder in others)), None)
        if spec is not None and spec.loader is not None:
            self._wrap(spec.loader)
        return spec

    def _wrap(self, loader: Any) -> None:
        execute = loader.exec_module

        def exec_module(module: ModuleType) -> None:
            load(self.directory)
            execute(module)
            mark_device_names(module)

        loader.exec_module = exec_module


def load(directory: Path) -> None:
    """Load the simulator's libraries into this process, for every library that is loaded later.

    Raises:
        ImportError: the simulator was built for another torch, or a real CANN is already loaded.
    """
    real = [path for path in mapped("libascendcl.so") if path.parent != directory / "lib"]
    if real:
        raise ImportError(f"[softcann] a real CANN is already loaded in this process: {real[0]}")
    wanted = json.loads((directory / "built.json").read_text(encoding="utf-8"))["torch"]
    directory_here = torch_directory()
    if directory_here != wanted["directory"]:
        raise ImportError(
            f"[softcann] the simulator was built for the torch in {wanted['directory']}, but this Python has "
            f"{directory_here}: run `npuport sim build` with this Python"
        )
    for name in LIBRARIES:
        ctypes.CDLL(str(directory / "lib" / f"lib{name}.so"), mode=ctypes.RTLD_GLOBAL)


def mapped(name: str) -> list[Path]:
    """The paths of the loaded libraries with that name."""
    try:
        lines = Path("/proc/self/maps").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []
    paths = {Path(words[5]) for line in lines if len(words := line.split(None, 5)) == 6}
    return sorted(path for path in paths if path.name.split(".so")[0] + ".so" == name)


def torch_directory() -> str:
    """The directory of the torch that this process has imported or would import; empty if there is none."""
    spec = importlib.util.find_spec("torch")
    return str(Path(spec.origin).resolve().parent) if spec is not None and spec.origin else ""


def mark_device_names(torch_npu: ModuleType) -> None:
    """Add the mark to each device name that torch_npu returns in Python.

    torch_npu's C++ code compares the SoC's name exactly, so that name stays unchanged. Python reads the name
    through these two bindings, and torch_npu's own Python compares only its prefix.
    """
    bindings = torch_npu._C
    get_name = bindings._npu_getDeviceName
    bindings._npu_getDeviceName = lambda: get_name() + MARK

    properties = bindings._NPUDeviceProperties
    plain_name, plain_repr = properties.name, properties.__repr__
    properties.name = property(lambda self: plain_name.__get__(self) + MARK)
    properties.__repr__ = lambda self: plain_repr(self).replace(
        f"name='{plain_name.__get__(self)}'", f"name='{plain_name.__get__(self)}{MARK}'"
    )
