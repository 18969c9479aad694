"""Is B faster than A, slower, or is there no difference that the noise would not make?

For each run in both, Welch's t-test on the logarithms of the rounds' medians: a round is the unit, since
that is what varies by itself. Many runs are compared at once, so the p-values are adjusted by the rule
of Benjamini and Hochberg ("Controlling the False Discovery Rate", 1995): where nothing has changed, the
chance that any run is called different stays at 5%; and a change that touches all runs is not drowned by
their number, as it would be by Bonferroni's rule.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from npuport.bench.stats import CONFIDENCE, levels
from npuport.bench.student import quantile, tail
from npuport.errors import PortError

Verdict = Literal["faster", "slower", "no difference"]
#: Two benchmarks compare where these agree.
SAME = ("schema", "model", "size", "device", "flags", "weights")


@dataclass(frozen=True)
class Difference:
    """A run in both benchmarks.

    Args:
        entry, dtype, batch: the run.
        verdict: what B is.
        ratio: B's latency over A's.
        interval: of the ratio, at 95%, for this run alone.
        p: that the noise alone makes such a difference.
        adjusted: the same, for all runs that are compared at once.
        regression: slower, and by more than the bound.
    """

    entry: str
    dtype: str
    batch: int
    verdict: Verdict
    ratio: float
    interval: tuple[float, float]
    p: float
    adjusted: float
    regression: bool


@dataclass(frozen=True)
class Comparison:
    """Two benchmarks against each other.

    Args:
        bound: what is allowed: 0.05 for 5%.
        differences: the runs in both.
        missing: runs that only one has measured.
        unlike: what is not the same of the two, where that was allowed.
    """

    bound: float
    differences: tuple[Difference, ...]
    missing: tuple[str, ...]
    unlike: tuple[str, ...]

    @property
    def regressions(self) -> list[Difference]:
        """The runs that are slower beyond the bound."""
        return [one for one in self.differences if one.regression]

    def json(self) -> dict[str, Any]:
        """As plain data."""
        return {"good": not self.regressions, **asdict(self)}


def compare(
    before: Mapping[str, Any], after: Mapping[str, Any], bound: float, *, despite: bool = False
) -> Comparison:
    """Compare two results.

    Args:
        before, after: data of two results.json.
        bound: how much slower is still no regression: 0.05 for 5%.
        despite: compare what is not comparable, too.

    Raises:
        PortError: not the same device, size, weights or flags; or no run in common.
    """
    unlike = tuple(
        f"{name}: {_shown(before.get(name))} and {_shown(after.get(name))}"
        for name in SAME
        if before.get(name) != after.get(name)
    )
    if unlike and not despite:
        raise PortError(f"not comparable: {'; '.join(unlike)}", mend="bench on the same, or --despite")
    ours, theirs = _measured(before), _measured(after)
    common = [key for key in ours if key in theirs]
    if not common:
        raise PortError("the two have no measured run in common", mend="bench both with the same plan")
    few = [key for key in common if min(len(ours[key]), len(theirs[key])) < 2]
    if few:
        raise PortError(
            f"a single round says nothing of the noise: {_told(few[0])}", mend="bench with --rounds 3 or more"
        )
    tests = [_welch(levels(ours[key]), levels(theirs[key])) for key in common]
    adjusted = adjust([p for _, _, p in tests])
    differences = tuple(
        _difference(key, test, one, bound) for key, test, one in zip(common, tests, adjusted, strict=True)
    )
    missing = tuple(_told(key) for key in sorted({*ours} ^ {*theirs}))
    return Comparison(bound, differences, missing, unlike)


def adjust(values: Sequence[float]) -> list[float]:
    """p-values adjusted by Benjamini and Hochberg's step-up rule."""
    order = sorted(range(len(values)), key=lambda index: values[index], reverse=True)
    adjusted, least = [1.0] * len(values), 1.0
    for place, index in enumerate(order):
        least = min(least, values[index] * len(values) / (len(values) - place))
        adjusted[index] = least
    return adjusted


Key = tuple[str, str, int]


def _measured(results: Mapping[str, Any]) -> dict[Key, list[list[float]]]:
    return {
        (run["entry"], run["dtype"], run["batch"]): run["rounds"]
        for run in results["runs"]
        if run["state"] == "measured"
    }


def _welch(before: Sequence[float], after: Sequence[float]) -> tuple[float, float, float]:
    """The difference of two means, the half width of its interval, and its p."""
    (mean_a, spread_a), (mean_b, spread_b) = _moments(before), _moments(after)
    difference, variance = mean_b - mean_a, spread_a + spread_b
    if not variance:
        return difference, 0.0, float(difference == 0)
    freedom = variance**2 / (spread_a**2 / (len(before) - 1) + spread_b**2 / (len(after) - 1))
    error = math.sqrt(variance)
    return difference, quantile(CONFIDENCE, freedom) * error, tail(difference / error, freedom)


def _moments(values: Sequence[float]) -> tuple[float, float]:
    """The mean, and the variance of the mean."""
    mean = sum(values) / len(values)
    return mean, sum((value - mean) ** 2 for value in values) / (len(values) - 1) / len(values)


def _difference(key: Key, test: tuple[float, float, float], adjusted: float, bound: float) -> Difference:
    difference, half, p = test
    ratio = math.exp(difference)
    verdict: Verdict = "no difference"
    if adjusted < 1 - CONFIDENCE:
        verdict = "slower" if ratio > 1 else "faster"
    return Difference(
        *key,
        verdict=verdict,
        ratio=ratio,
        interval=(math.exp(difference - half), math.exp(difference + half)),
        p=p,
        adjusted=adjusted,
        regression=verdict == "slower" and ratio > 1 + bound,
    )


def _told(key: Key) -> str:
    return f"{key[0]}, {key[1]}, batch {key[2]}"


def _shown(value: Any) -> str:
    return str(value.get("name", value)) if isinstance(value, Mapping) else str(value)
