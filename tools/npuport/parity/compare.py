"""An output of the device beside the golden and the CPU's: every figure there is of it, and the verdict."""

import math
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

from torch import Tensor

from npuport.parity.capture import Spread
from npuport.parity.criterion import FLOOR, PASS, Word, ratio


class Error(NamedTuple):
    """Distance from the golden: relative root mean square over all elements, and largest absolute."""

    rms: float
    max_abs: float


@dataclass(frozen=True)
class Field:
    """What others quote, for comparison only; all against the CPU's float32 but MERE and MARE.

    Args:
        max_abs: largest absolute difference.
        normalised_max: the same over the CPU's largest absolute value.
        normalised_mean: mean absolute difference over the CPU's largest absolute value.
        cosine: cosine similarity of the flattened outputs.
        psnr_db: peak signal-to-noise ratio over the CPU's range; None where the two are identical.
        mere: mean relative error against the golden (Ascend).
        mare: largest relative error against the golden (Ascend).
        ecosystem: Ascend's ecosystem standard holds: MERE < T and MARE < 10 T.
    """

    max_abs: float
    normalised_max: float
    normalised_mean: float
    cosine: float
    psnr_db: float | None
    mere: float
    mare: float
    ecosystem: bool


@dataclass(frozen=True)
class Comparison:
    """One output, judged.

    Args:
        output: its place among the entry point's outputs.
        word: pass, review or fail.
        reason: what is wrong, in words; empty on a pass.
        ratio: the deciding figure; None where the tensors cannot be compared at all.
        rms: the device's relative RMS error against the golden.
        rms_allowed: what the ensemble allows of it, its largest error times three.
        max_abs: the device's largest absolute error against the golden.
        cpu_rms: the relative RMS error of the CPU's own default run.
        field: the figures that others quote.
    """

    output: str
    word: Word
    reason: str = ""
    ratio: float | None = None
    rms: float | None = None
    rms_allowed: float | None = None
    max_abs: float | None = None
    cpu_rms: float | None = None
    field: Field | None = None

    def as_json(self) -> dict[str, Any]:
        """The figures as plain data."""
        return asdict(self)


def error(actual: Tensor, golden: Tensor) -> Error:
    """Distance of an output from the golden, over the elements that the golden has finite."""
    finite = golden.isfinite()
    distance = (actual.double() - golden.double())[finite]
    if distance.numel() == 0:
        return Error(0.0, 0.0)
    scale = rms(golden) or 1.0
    return Error(float(distance.square().mean().sqrt()) / scale, float(distance.abs().max()))


def rms(tensor: Tensor) -> float:
    """Root mean square of the finite elements."""
    values = tensor.double()[tensor.isfinite()]
    return float(values.square().mean().sqrt()) if values.numel() else 0.0


def compare(
    output: str, actual: Tensor | None, reference: Tensor, golden: Tensor, spread: Spread, *, hf32: bool
) -> Comparison:
    """Judge one output.

    Args:
        output: its name.
        actual: what the device gave; None where it gave nothing.
        reference: the CPU's float32 run.
        golden: the float64 run.
        spread: the ensemble's errors.
        hf32: convolutions rounded to HF32 (Ascend's own threshold follows).
    """
    wrong = _unlike(actual, reference, golden)
    if wrong or actual is None:
        return Comparison(output, "fail", wrong)
    if not actual.is_floating_point():
        return Comparison(output, "pass", ratio=0.0, rms=0.0, max_abs=0.0)
    found = error(actual, golden)
    related = ratio(found, (spread.rms, spread.max_abs), rms(golden))
    reason = "" if related.word == "pass" else f"error {related.worst:.3g} times that of valid float32 runs"
    return Comparison(
        output,
        related.word,
        reason,
        ratio=related.worst,
        rms=found.rms,
        rms_allowed=PASS * max(*spread.rms, FLOOR),
        max_abs=found.max_abs,
        cpu_rms=spread.rms[0],
        field=field(actual, reference, golden, hf32=hf32),
    )


def _unlike(actual: Tensor | None, reference: Tensor, golden: Tensor) -> str:
    """Why two outputs cannot be compared at all, or are unequal where they must be equal."""
    if actual is None:
        return "the device gave no such output"
    if actual.dtype != reference.dtype:
        return f"dtype {_name(actual)}, on the CPU {_name(reference)}"
    if actual.shape != reference.shape:
        return f"shape {tuple(actual.shape)}, on the CPU {tuple(reference.shape)}"
    if not actual.is_floating_point():
        unequal = int((actual != reference).sum())
        return f"{unequal} of {actual.numel()} {_name(actual)} elements differ" if unequal else ""
    strange = ~actual.isfinite() & golden.isfinite()
    if bool(strange.any()):
        count = int(strange.sum())
        return f"{count} of {actual.numel()} elements are NaN or infinite, in the golden none of them"
    special = ~golden.isfinite()
    if not bool((actual[special].double().nan_to_num(7.0) == golden[special].nan_to_num(7.0)).all()):
        return "NaN and infinities differ from the golden's"
    return ""


def _name(tensor: Tensor) -> str:
    return str(tensor.dtype).removeprefix("torch.")


def field(actual: Tensor, reference: Tensor, golden: Tensor, *, hf32: bool) -> Field:
    """The figures that others quote."""
    finite = golden.isfinite() & reference.isfinite()
    a, r, g = (tensor.double()[finite] for tensor in (actual, reference, golden))
    if a.numel() == 0:
        return Field(0.0, 0.0, 0.0, 1.0, None, 0.0, 0.0, True)
    difference = (a - r).abs()
    peak = float(r.abs().max()) or 1.0
    range_ = float(r.max() - r.min()) or peak
    square = float(difference.square().mean())
    norms = float(a.norm() * r.norm())
    relative = (a - g).abs() / (g.abs() + 1e-7)
    mere, mare = float(relative.mean()), float(relative.max())
    limit = 2.0**-11 if hf32 else 2.0**-13
    return Field(
        max_abs=float(difference.max()),
        normalised_max=float(difference.max()) / peak,
        normalised_mean=float(difference.mean()) / peak,
        cosine=float(a @ r) / norms if norms else 1.0,
        psnr_db=10 * math.log10(range_**2 / square) if square else None,
        mere=mere,
        mare=mare,
        ecosystem=mere < limit and mare < 10 * limit,
    )
