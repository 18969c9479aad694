"""Puts the simulator under torch_npu when, and only when, a process imports torch_npu.

Standard library only, and quick to import: every Python under `npuport sim exec` reads it as it starts.
"""

import ctypes
import importlib.abc
import importlib.machinery
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

#: In the environment: the directory of the built simulator.
VARIABLE = "SOFTCANN_LIBRARIES"

#: What every name of a simulated device ends with.
MARK = " (simulated)"

#: In the order in which they are loaded. torch_npu finds them by these names, already in the process.
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
    """Arrange that importing torch_npu finds the simulator in `directory`. Costs nothing until then."""
    if not any(isinstance(finder, Finder) for finder in sys.meta_path):
        sys.meta_path.insert(0, Finder(directory))


class Finder(importlib.abc.MetaPathFinder):
    """Finds torch_npu where it is, and wraps its loading."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        """The spec that the other finders give, its loader wrapped; None for every other module."""
        if name != "torch_npu":
            return None
        for finder in sys.meta_path:
            if finder is self or not hasattr(finder, "find_spec"):
                continue
            spec = finder.find_spec(name, path, target)
            if spec is not None and spec.loader is not None:
                self._wrap(spec.loader)
            if spec is not None:
                return spec
        return None

    def _wrap(self, loader: Any) -> None:
        execute = loader.exec_module

        def exec_module(module: ModuleType) -> None:
            load(self.directory)
            execute(module)
            say_simulated(module)

        loader.exec_module = exec_module


def load(directory: Path) -> None:
    """Load the simulator's libraries into this process, for all that is loaded after them.

    Raises:
        ImportError: it was built for another torch, or the real CANN is in the process already.
    """
    real = [path for path in mapped("libascendcl.so") if path.parent != directory / "lib"]
    if real:
        raise ImportError(f"[softcann] {real[0]} is loaded in this process already")
    wanted = json.loads((directory / "built.json").read_text(encoding="utf-8"))["torch"]
    found = torch_directory()
    if found != wanted["directory"]:
        raise ImportError(
            f"[softcann] the simulator was built for the torch in {wanted['directory']}, "
            f"this Python has {found}: run `npuport sim build` with this Python"
        )
    for name in LIBRARIES:
        ctypes.CDLL(str(directory / "lib" / f"lib{name}.so"), mode=ctypes.RTLD_GLOBAL)


def mapped(name: str) -> list[Path]:
    """The files of that name that are mapped into this process."""
    try:
        lines = Path("/proc/self/maps").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []
    paths = {Path(line.split(None, 5)[5]) for line in lines if len(line.split(None, 5)) == 6}
    return sorted(path for path in paths if path.name.split(".so")[0] + ".so" == name)


def torch_directory() -> str:
    """The directory of the torch that this process has, or would import; empty where there is none."""
    module = sys.modules.get("torch")
    if module is not None and module.__file__:
        return str(Path(module.__file__).resolve().parent)
    spec = importlib.machinery.PathFinder.find_spec("torch")
    return str(Path(spec.origin).resolve().parent) if spec is not None and spec.origin else ""


def say_simulated(torch_npu: ModuleType) -> None:
    """Let torch_npu call the device simulated wherever it shows a name.

    torch_npu itself reads the SoC's name in C++, and matches it exactly; that name stays what it is. What
    Python reads comes through these two bindings, and torch_npu's own Python looks at prefixes of it only.
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


def install_from_environment() -> None:
    """Install what SOFTCANN_LIBRARIES names."""
    directory = os.environ.get(VARIABLE)
    if directory:
        install(Path(directory))
