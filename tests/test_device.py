"""Choosing the device: a real NPU only where one answers."""

from pathlib import Path

import pytest

from npuport.device import probe, resolve
from npuport.errors import PortError

no_driver = pytest.mark.skipif(
    any(Path("/dev").glob("davinci*")), reason="an Ascend driver is installed here"
)


@no_driver
def test_what_is_missing_first_is_named() -> None:
    found = probe()

    assert not found.name
    assert found.missing.startswith("driver: ")


@no_driver
def test_an_npu_that_is_not_there_is_refused_with_a_mend() -> None:
    with pytest.raises(PortError) as caught:
        resolve("npu")

    assert "no NPU: driver" in caught.value.message
    assert "doctor" in caught.value.mend


def test_another_word_is_refused() -> None:
    with pytest.raises(PortError, match="no device 'gpu'"):
        resolve("gpu")
