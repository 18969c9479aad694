"""Verdicts: their words and order, and the figures of one output. Needs no torch."""

from collections.abc import Iterable
from typing import Literal, TypedDict

Word = Literal["pass", "review", "fail", "error", "skip"]

#: From best to worst. A skip has a reason; a skip without one is a failure.
ORDER: tuple[Word, ...] = ("pass", "skip", "review", "fail", "error")


def worst(words: Iterable[Word]) -> Word:
    """The worst of some verdicts; `error` where there is none."""
    return max(words, key=ORDER.index, default="error")


class CommonMetrics(TypedDict):
    """What others quote, against the CPU's float32 except `mere` and `mare`; no verdict depends on it.

    Args:
        max_abs: largest absolute difference.
        normalised_max: `max_abs` over the CPU's largest absolute value.
        normalised_mean: mean absolute difference over the CPU's largest absolute value.
        cosine: cosine similarity of the flattened outputs.
        psnr_db: peak signal-to-noise ratio over the CPU's range; null where both outputs are identical.
        mere: mean relative error against the golden (Ascend).
        mare: largest relative error against the golden (Ascend).
        ecosystem: Ascend's ecosystem standard holds: `mere` < T and `mare` < 10 T.
    """

    max_abs: float | None
    normalised_max: float | None
    normalised_mean: float | None
    cosine: float | None
    psnr_db: float | None
    mere: float | None
    mare: float | None
    ecosystem: bool


class OutputVerdict(TypedDict):
    """The verdict on one output. A figure is null where nothing was measured or it is not a finite number.

    Args:
        output: its place in what the entry point returns.
        word: the verdict.
        reason: why it is not a pass; empty on a pass.
        ratio: error over the ensemble's largest; this figure decides.
        rms: relative root mean square error of the device against the float64 golden.
        rms_allowed: what the ensemble allows of `rms`: its largest error times three.
        max_abs: largest absolute error of the device against the golden.
        cpu_rms: `rms` of the CPU's default run.
        field: the metrics that others quote; null for outputs that are not floating point.
    """

    output: str
    word: Word
    reason: str
    ratio: float | None
    rms: float | None
    rms_allowed: float | None
    max_abs: float | None
    cpu_rms: float | None
    field: CommonMetrics | None


def without_figures(output: str, word: Word, reason: str) -> OutputVerdict:
    """The verdict on an output of which nothing can be measured."""
    return OutputVerdict(
        output=output,
        word=word,
        reason=reason,
        ratio=None,
        rms=None,
        rms_allowed=None,
        max_abs=None,
        cpu_rms=None,
        field=None,
    )
