"""Versions of a run, and the operations that fell back to the CPU."""

import sys
import warnings

import pytest
import torch

from npuport import __version__
from npuport.device.runtime import trap_fallbacks, versions

MESSAGE = (
    "CAUTION: The operator 'aten::foo.out' is not currently supported and will fall back to run on the CPU."
)


def test_versions_have_an_entry_for_absent_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("npuport.device.runtime.PACKAGES", ("torch", "surely-not-installed"))

    assert versions() == {
        "npuport": __version__,
        "python": sys.version.split()[0],
        "torch": torch.__version__,
        "surely-not-installed": None,
    }


def test_operations_that_ran_on_the_cpu_are_collected_once() -> None:
    with trap_fallbacks() as operations:
        warnings.warn(MESSAGE, stacklevel=1)
        warnings.warn(MESSAGE, stacklevel=1)
        warnings.warn("something else", stacklevel=1)

    assert operations == ["aten::foo.out"]


def test_torch_warns_as_before_afterwards() -> None:
    before = torch.is_warn_always_enabled()

    with trap_fallbacks():
        assert torch.is_warn_always_enabled()

    assert torch.is_warn_always_enabled() == before
