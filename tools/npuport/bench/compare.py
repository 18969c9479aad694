"""Is B faster than A, slower, or is there no difference that the noise would not make?

For each run in both, Welch's t-test on the logarithms of the rounds' medians: a round is the unit, since
that is what varies by itself. Many runs are compared at once, so the p-values are adjusted by the rule
of Benjamini and Hochberg ("Controlling the False Discovery Rate", 1995): where nothing has changed, the
chance that any run is called different stays at 5%; and a change that touches all runs is not drowned by
their number, as it would be by Bonferroni's rule.

Where the CPU does the work, what others took of it may have slowed all rounds of one benchmark alike.
That is an uncertainty of type B (JCGM 100, the GUM, 4.3.7: rectangular, from nothing to all that they
took), and its variance is added.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from npuport.base.errors import PortError
from npuport.bench.stats import CONFIDENCE, disturbance, levels
from npuport.bench.student import quantile, tail

Verdict = Literal["faster", "slower", "no difference"]


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
        lost: runs that A has measured and B was refused, or had no memory for.
        missing: runs that only one of the plans has.
        unlike: what is not the same of the two, where that was allowed.
    """

    bound: float
    differences: tuple[Difference, ...]
    lost: tuple[str, ...]
    missing: tuple[str, ...]
    unlike: tuple[str, ...]

    @property
    def regressions(self) -> list[Difference]:
        """The runs that are slower beyond the bound."""
        return [one for one in self.differences if one.regression]

    @property
    def good(self) -> bool:
        """Whether nothing has become worse than the bound allows."""
        return not self.regressions and not self.lost

    def json(self) -> dict[str, Any]:
        """As plain data."""
        return {"good": self.good, **asdict(self)}


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
    ours, theirs = _identity(before), _identity(after)
    unlike = tuple(f"{name}: {ours[name]} and {theirs[name]}" for name in ours if ours[name] != theirs[name])
    if unlike and not despite:
        raise PortError(f"not comparable: {'; '.join(unlike)}", hint="bench on the same, or --despite")
    return _judged(before, after, bound, unlike)


def _judged(
    before: Mapping[str, Any], after: Mapping[str, Any], bound: float, unlike: tuple[str, ...]
) -> Comparison:
    ours, theirs = _measured(before), _measured(after)
    common = [key for key in ours if key in theirs]
    if not common:
        raise PortError("the two have no measured run in common", hint="bench both with the same plan")
    few = [key for key in common if min(len(ours[key]), len(theirs[key])) < 2]
    if few:
        raise PortError(
            f"a single round says nothing of the noise: {_told(few[0])}", hint="bench with --rounds 3 or more"
        )
    alike = sum(_disturbance(one) ** 2 / 12 for one in (before, after))
    tests = [_welch(levels(ours[key]), levels(theirs[key]), alike) for key in common]
    adjusted = adjust([p for _, _, p in tests])
    differences = tuple(
        _difference(key, test, one, bound) for key, test, one in zip(common, tests, adjusted, strict=True)
    )
    tried = {_key(run) for run in after["runs"]}
    lost = [key for key in ours if key in tried and key not in theirs]
    missing = sorted(({*ours} ^ {*theirs}) - {*lost})
    return Comparison(bound, differences, tuple(map(_told, lost)), tuple(map(_told, missing)), unlike)


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
    return {_key(run): run["rounds"] for run in results["runs"] if run["state"] == "measured"}


def _key(run: Mapping[str, Any]) -> Key:
    return run["entry"], run["dtype"], run["batch"]


def _identity(results: Mapping[str, Any]) -> dict[str, str]:
    """What must agree of two benchmarks; on a CPU the threads, too."""
    device, weights = results["device"], results["weights"]
    return {
        "model": results["model"],
        "size": results["size"],
        "weights": weights["digest"] if weights else "random",
        "device": device["name"],
        "flags": ", ".join(f"{name} {value}" for name, value in results["flags"].items()) or "none",
        "threads": str(results["machine"]["threads"]) if device["kind"] in ("cpu", "sim") else "any",
    }


def _disturbance(results: Mapping[str, Any]) -> float:
    cpu = results["device"]["kind"] in ("cpu", "sim")
    return disturbance(results["machine"]["busy"]) if cpu else 0.0


def _welch(before: Sequence[float], after: Sequence[float], alike: float) -> tuple[float, float, float]:
    """The difference of two means, the half width of its interval, and its p.

    Args:
        before, after: the rounds' levels.
        alike: variance of what no spread shows.
    """
    (mean_a, spread_a), (mean_b, spread_b) = _moments(before), _moments(after)
    difference, variance = mean_b - mean_a, spread_a + spread_b + alike
    if not variance:
        return difference, 0.0, float(difference == 0)
    own = spread_a**2 / (len(before) - 1) + spread_b**2 / (len(after) - 1)
    freedom = min(variance**2 / own, 1e6) if own else 1e6
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
