"""Versions of the packages of a run, and the operations that torch_npu ran on the CPU."""

import importlib.metadata
import platform
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from npuport import __version__

#: torch and torch_npu, and the packages that read models, checkpoints and pictures.
PACKAGES = (
    *("torch", "torch_npu", "transformers", "safetensors", "numpy", "pillow"),
    *("omegaconf", "regex", "huggingface_hub"),
)
_FALLBACK = re.compile(r"(?:running|run) on (?:the )?CPU", re.IGNORECASE)
_OPERATION = re.compile(r"(?:operator|kernel) '?\[?([\w:.]+)'?\]?|^([\w:.]+) is not supported", re.IGNORECASE)


def versions() -> dict[str, str | None]:
    """Versions of npuport, Python and the packages that a model runs with; None for an absent package."""
    numbers: dict[str, str | None] = {"npuport": __version__, "python": platform.python_version()}
    for name in PACKAGES:
        try:
            numbers[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            numbers[name] = None
    return numbers


@contextmanager
def trap_fallbacks() -> Iterator[list[str]]:
    """Collect the operations that ran on the CPU within it; other warnings are dropped.

    torch_npu warns of each, by default once per process and operation; within it, always.
    """
    import torch  # late: `versions` is also read before the device is ready

    operations: list[str] = []
    before = torch.is_warn_always_enabled()
    torch.set_warn_always(True)
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            yield operations
    finally:
        torch.set_warn_always(before)
    for warning in caught:
        text = str(warning.message)
        if _FALLBACK.search(text):
            named = _OPERATION.search(text)
            operations.append(next(filter(None, named.groups())) if named else text)
    operations[:] = sorted(set(operations))
