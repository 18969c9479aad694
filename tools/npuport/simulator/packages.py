"""Where a Python has torch and torch_npu. A script too, standard library only, for any other Python to run.

They are found and not imported: torch_npu without CANN, or a simulator, does not import.
"""

import importlib.metadata
import importlib.util
import json
import pathlib
import sys


def find() -> dict[str, dict[str, str]]:
    """Version and directory of torch and of torch_npu, where they are installed, and this Python's tag."""
    found = {"python": {"tag": str(sys.implementation.cache_tag)}}
    for name in ("torch", "torch_npu"):
        spec = importlib.util.find_spec(name)
        if spec is not None and spec.origin:
            directory = str(pathlib.Path(spec.origin).resolve().parent)
            found[name] = {"version": importlib.metadata.version(name), "directory": directory}
    return found


if __name__ == "__main__":
    print(json.dumps(find()))
