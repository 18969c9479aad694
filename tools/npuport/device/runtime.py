"""What a run stood on: its packages' versions, and the operations that torch_npu ran on the CPU."""

import importlib.metadata
import platform
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import torch

from npuport import __version__

#: torch_npu fits one torch; the others are what models, checkpoints and pictures are read with.
PACKAGES = (
    *("torch", "torch_npu", "transformers", "safetensors", "numpy", "pillow"),
    *("omegaconf", "regex", "huggingface_hub"),
)
_FALLBACK = re.compile(r"(?:running|run) on (?:the )?CPU", re.IGNORECASE)
_OPERATION = re.compile(r"(?:operator|kernel) '?\[?([\w:.]+)'?\]?|^([\w:.]+) is not supported", re.IGNORECASE)


def versions() -> dict[str, str | None]:
    """npuport, Python and the packages that models are run with; None for what is absent."""
    found: dict[str, str | None] = {"npuport": __version__, "python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            found[name] = None
    return found


@contextmanager
def trap_fallbacks() -> Iterator[list[str]]:
    """Collect the operations that fell back to the CPU within it; every other warning passes on.

    torch_npu says so in a warning, once per process and operation unless torch is told to warn always.
    """
    found: list[str] = []
    before = torch.is_warn_always_enabled()
    torch.set_warn_always(True)
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            yield found
    finally:
        torch.set_warn_always(before)
    for warning in caught:
        text = str(warning.message)
        if _FALLBACK.search(text):
            named = _OPERATION.search(text)
            found.append(next(filter(None, named.groups())) if named else text)
    found[:] = sorted(set(found))
