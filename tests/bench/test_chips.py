"""The table of chips: every figure has a source, every name finds its chip."""

import re

import pytest

from npuport.bench.chips import CHIPS, Chip, chip_of
from npuport.bench.plan import DTYPES


@pytest.mark.parametrize("chip", CHIPS, ids=lambda chip: chip.name)
def test_every_chip_has_a_source_and_says_what_is_missing(chip: Chip) -> None:
    assert re.search(r"https://|datasheet", chip.source)
    assert set(chip.peaks) == set(DTYPES)
    notes = " ".join(chip.notes)
    for dtype, peak in chip.peaks.items():
        assert dtype in notes if peak is None else 1e12 < peak < 1e16
    assert chip.bandwidth or "bandwidth" in notes


@pytest.mark.parametrize(
    "chip", [chip for chip in CHIPS if "Ascend" in chip.name], ids=lambda chip: chip.name
)
def test_an_ascends_peak_follows_from_its_source(chip: Chip) -> None:
    found = re.search(r"(\d+) cube cores at (\d+) MHz, each 16 x 16 x 16", chip.source)
    assert found
    cores, megahertz = map(int, found.groups())
    assert chip.peaks["float16"] == cores * megahertz * 1e6 * 8192


@pytest.mark.parametrize(
    ("device", "name"),
    [
        ("Ascend910B4", "Ascend910B4"),
        ("Ascend910B4-1", "Ascend910B4-1"),
        ("Ascend 910B2C", "Ascend910B2C"),
        ("Ascend910_9382", "Ascend910_9382"),
        ("NVIDIA A100-SXM4-80GB", "NVIDIA A100 80GB SXM"),
        ("NVIDIA H100 80GB HBM3", "NVIDIA H100 SXM"),
    ],
)
def test_a_device_finds_its_chip(device: str, name: str) -> None:
    found = chip_of(device)
    assert found
    assert found.name == name


def test_an_unknown_device_has_no_chip() -> None:
    assert chip_of("AMD EPYC") is None
    assert chip_of("Ascend950") is None
