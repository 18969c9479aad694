"""The torch and torch_npu of a Python: their versions and directories, without importing them.

Also a script of the standard library alone, which any other Python can run. torch_npu does not import without
CANN or the simulator.
"""

import importlib.metadata
import importlib.util
import json
import pathlib
import sys
from typing import TypedDict


class Package(TypedDict):
    version: str
    directory: str


def python_packages() -> tuple[str, dict[str, Package]]:
    """This Python's tag, and those of torch and torch_npu that are installed in it."""
    packages: dict[str, Package] = {}
    for name in ("torch", "torch_npu"):
        spec = importlib.util.find_spec(name)
        if spec is not None and spec.origin:
            directory = str(pathlib.Path(spec.origin).resolve().parent)
            packages[name] = {"version": importlib.metadata.version(name), "directory": directory}
    return str(sys.implementation.cache_tag), packages


if __name__ == "__main__":
    print(json.dumps(python_packages()))
