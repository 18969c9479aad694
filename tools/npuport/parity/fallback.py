"""Operations that torch_npu quietly ran on the CPU instead of the device."""

import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import torch

_FALLBACK = re.compile(r"(?:running|run) on (?:the )?CPU", re.IGNORECASE)
_OPERATION = re.compile(r"(?:operator|kernel) '?\[?([\w:.]+)'?\]?|^([\w:.]+) is not supported", re.IGNORECASE)


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
