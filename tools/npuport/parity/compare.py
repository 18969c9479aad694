"""One output of the device compared with the golden and with the CPU's: its figures and its verdict."""

import math
from typing import NamedTuple

from torch import Tensor

from npuport.parity.criterion import FLOOR, PASS, ratio
from npuport.parity.manifest import Spread
from npuport.parity.verdict import CommonMetrics, OutputVerdict, without_figures


class Error(NamedTuple):
    """Distance from the golden: relative root mean square over all elements, and largest absolute."""

    rms: float
    max_abs: float


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
) -> OutputVerdict:
    """The verdict on one output.

    Args:
        output: its name.
        actual: the device's output; None where it is missing.
        reference: the CPU's float32 run.
        golden: the float64 run.
        spread: the ensemble's errors.
        hf32: convolutions round to HF32 (Ascend's own threshold follows).
    """
    reason = _difference(actual, reference, golden)
    if reason or actual is None:
        return without_figures(output, "fail", reason)
    if not actual.is_floating_point():
        return {**without_figures(output, "pass", ""), "ratio": 0.0, "rms": 0.0, "max_abs": 0.0}
    distance = error(actual, golden)
    related = ratio(distance, spread, rms(golden))
    passed = related.word == "pass"
    return OutputVerdict(
        output=output,
        word=related.word,
        reason="" if passed else f"error {related.worst:.3g} times that of valid float32 runs",
        ratio=related.worst,
        rms=distance.rms,
        rms_allowed=PASS * max(*spread["rms"], FLOOR),
        max_abs=distance.max_abs,
        cpu_rms=spread["rms"][0],
        field=metrics(actual, reference, golden, hf32=hf32),
    )


def _difference(actual: Tensor | None, reference: Tensor, golden: Tensor) -> str:
    """Why two outputs cannot be compared, or are unequal where they must be equal; empty otherwise."""
    if actual is None:
        return "the device gave no such output"
    if actual.dtype != reference.dtype:
        return f"dtype {_dtype(actual)}, on the CPU {_dtype(reference)}"
    if actual.shape != reference.shape:
        return f"shape {tuple(actual.shape)}, on the CPU {tuple(reference.shape)}"
    if not actual.is_floating_point():
        unequal = int((actual != reference).sum())
        return f"{unequal} of {actual.numel()} {_dtype(actual)} elements differ" if unequal else ""
    special = ~golden.isfinite()
    if count := int((~actual.isfinite() & ~special).sum()):
        return f"{count} of {actual.numel()} elements are NaN or infinite, in the golden none of them"
    if not bool((actual[special].double().nan_to_num(7.0) == golden[special].nan_to_num(7.0)).all()):
        return "NaN and infinities differ from the golden's"
    return ""


def _dtype(tensor: Tensor) -> str:
    return str(tensor.dtype).removeprefix("torch.")


def metrics(actual: Tensor, reference: Tensor, golden: Tensor, *, hf32: bool) -> CommonMetrics:
    """The metrics that others quote."""
    finite = golden.isfinite() & reference.isfinite()
    a, r, g = (tensor.double()[finite] for tensor in (actual, reference, golden))
    if a.numel() == 0:
        a = r = g = golden.new_zeros(1)
    difference = (a - r).abs()
    peak = float(r.abs().max()) or 1.0
    range_ = float(r.max() - r.min()) or peak
    square = float(difference.square().mean())
    norms = float(a.norm() * r.norm())
    relative = (a - g).abs() / (g.abs() + 1e-7)
    mere, mare = float(relative.mean()), float(relative.max())
    limit = 2.0**-11 if hf32 else 2.0**-13
    return CommonMetrics(
        max_abs=float(difference.max()),
        normalised_max=float(difference.max()) / peak,
        normalised_mean=float(difference.mean()) / peak,
        cosine=float(a @ r) / norms if norms else 1.0,
        psnr_db=10 * math.log10(range_**2 / square) if square else None,
        mere=mere,
        mare=mare,
        ecosystem=mere < limit and mare < 10 * limit,
    )
