"""The versions that a report names."""

import importlib.metadata
import platform

from npuport import __version__


def versions() -> dict[str, str | None]:
    """npuport, Python, torch, torch_npu and transformers; None for what is absent."""
    found: dict[str, str | None] = {"npuport": __version__, "python": platform.python_version()}
    for name in ("torch", "torch_npu", "transformers"):
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            found[name] = None
    return found
