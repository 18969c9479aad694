"""Peaks of chips, each with its source. A peak that no source gives is None; no share of it is shown."""

import re
from dataclasses import dataclass

from npuport.base.schema import from_json, to_json
from npuport.bench.format import ChipPeaks

_PLATFORM = (
    "CANN's platform_config/Ascend{name}.ini (https://gitcode.com/cann/runtime, installed with CANN below "
    "data/platform_config): {cores} cube cores at {mhz} MHz, each 16 x 16 x 16 multiply-adds a cycle"
)
_FLOAT32 = (
    "float32: no source gives the cube's rates for FP32 and HF32; torch_npu lets convolutions use "
    "HF32 and keeps matrix products in FP32, so that one peak would not serve both"
)
_NVIDIA = "NVIDIA {} datasheet: dense tensor-core rate; float32 outside the tensor cores, torch's default"


@dataclass(frozen=True)
class Chip:
    """A chip and its peaks.

    Args:
        name: as reports show it.
        pattern: a regular expression of the names that the device reports.
        peaks: by dtype, in FLOP/s; a multiply-add counts as two.
        memory: of the card, in bytes.
        bandwidth: of that memory, in bytes/s.
        source: where the figures come from.
        notes: which figures are missing, and why.
    """

    name: str
    pattern: str
    peaks: dict[str, float | None]
    memory: int | None
    bandwidth: float | None
    source: str
    notes: tuple[str, ...] = ()

    def json(self) -> ChipPeaks:
        """The chip as plain data."""
        return from_json(ChipPeaks, {key: to_json(getattr(self, key)) for key in ChipPeaks.__annotations__})


def _ascend(name: str, cores: int, mhz: int, memory: int | None, *, bfloat16: bool = True) -> Chip:
    """A chip whose peak follows from its cube cores' clock, without the few percent of the vector cores."""
    peak = cores * mhz * 1e6 * 16**3 * 2
    notes = [_FLOAT32] if bfloat16 else [_FLOAT32, "bfloat16: the cube has none"]
    return Chip(
        f"Ascend{name}",
        rf"Ascend ?{re.escape(name)}",
        {"float32": None, "bfloat16": peak if bfloat16 else None, "float16": peak},
        memory,
        None,
        _PLATFORM.format(name=name, cores=cores, mhz=mhz),
        (*notes, "bandwidth: no source gives it"),
    )


def _nvidia(name: str, pattern: str, single: float, half: float, brain: float | None, rate: float) -> Chip:
    peaks = {"float32": single, "bfloat16": brain, "float16": half}
    notes = () if brain else ("bfloat16: the tensor cores have none",)
    return Chip(f"NVIDIA {name}", pattern, peaks, None, rate, _NVIDIA.format(name), notes)


_GIB = 2**30
#: The known chips.
CHIPS: tuple[Chip, ...] = (
    _ascend("910B1", 24, 1850, 64 * _GIB),
    _ascend("910B2", 24, 1800, 64 * _GIB),
    _ascend("910B2C", 24, 1800, None),
    _ascend("910B3", 20, 1800, 64 * _GIB),
    _ascend("910B4", 20, 1500, 32 * _GIB),
    _ascend("910B4-1", 20, 1500, 32 * _GIB),
    _ascend("910_9391", 24, 1850, 64 * _GIB),
    _ascend("910_9392", 24, 1850, 64 * _GIB),
    _ascend("910_9381", 24, 1800, 64 * _GIB),
    _ascend("910_9382", 24, 1800, 64 * _GIB),
    _ascend("910_9372", 20, 1800, 64 * _GIB),
    _ascend("910_9362", 20, 1500, 64 * _GIB),
    _ascend("910A", 32, 1000, None, bfloat16=False),
    _ascend("910ProA", 32, 1100, None, bfloat16=False),
    _ascend("910ProB", 30, 1150, None, bfloat16=False),
    _ascend("910PremiumA", 32, 1220, None, bfloat16=False),
    _ascend("310P1", 10, 1060, None, bfloat16=False),
    _ascend("310P3", 8, 1060, None, bfloat16=False),
    _nvidia("A100 80GB SXM", r"A100-SXM4-80GB", 19.5e12, 312e12, 312e12, 2039e9),
    _nvidia("A100 80GB PCIe", r"A100 80GB PCIe", 19.5e12, 312e12, 312e12, 1935e9),
    _nvidia("A100 40GB", r"A100-(SXM4|PCIE)-40GB", 19.5e12, 312e12, 312e12, 1555e9),
    _nvidia("H100 SXM", r"H100 80GB HBM3", 67e12, 989.4e12, 989.4e12, 3350e9),
    _nvidia("V100 SXM2", r"V100-SXM2", 15.7e12, 125e12, None, 900e9),
    _nvidia("T4", r"Tesla T4", 8.1e12, 65e12, None, 320e9),
)


def chip_of(device: str) -> Chip | None:
    """The chip of a device's name, by the longest match; None where the table has none."""
    matches = [
        (match.end() - match.start(), chip) for chip in CHIPS if (match := re.search(chip.pattern, device))
    ]
    return max(matches, key=lambda pair: pair[0])[1] if matches else None
