"""Is benchmark B faster than A, slower, or is there no difference beyond the noise?

Each run that both have is compared by Welch's t-test on the logarithms of the rounds' medians: a round is the
unit, because rounds vary independently. Many runs are compared at once, so the p-values are adjusted by the
rule of Benjamini and Hochberg ("Controlling the False Discovery Rate", 1995): where nothing has changed, the
chance that any run is called different stays at 5%; and a change that touches all runs is not drowned by
their number, as it would be by Bonferroni's rule.

Where the CPU does the work, other processes may have slowed all rounds of one benchmark alike. That is an
uncertainty of type B (JCGM 100, the GUM, 4.3.7: rectangular, from nothing to all CPU time that they used),
and its variance is added. scipy's own Welch test has no place for it.
"""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Literal

import numpy as np
import scipy  # scipy.stats loads at its first use

from npuport.base.errors import PortError
from npuport.bench.format import BenchResults, FailedRun, MeasuredRun
from npuport.bench.plan import RunKey
from npuport.bench.stats import CONFIDENCE, disturbance, levels, quantile

Verdict = Literal["faster", "slower", "no difference"]


@dataclass(frozen=True)
class Difference:
    """A run that both benchmarks have.

    Args:
        entry, dtype, batch: the run.
        verdict: of B.
        ratio: B's latency over A's.
        interval: of the ratio, at 95%, for this run alone.
        p: the probability that noise alone makes such a difference.
        adjusted: the same, for all runs that are compared at once.
        regression: whether B is slower by more than the bound.
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
class BenchComparison:
    """Two benchmarks compared.

    Args:
        bound: by how much B may be slower: 0.05 for 5%.
        differences: the runs that both have.
        lost: runs that A measured, and for which B has no figures.
        missing: runs that only one of the plans has.
        unlike: conditions in which the two differ, where that was allowed.
    """

    bound: float
    differences: tuple[Difference, ...]
    lost: tuple[str, ...]
    missing: tuple[str, ...]
    unlike: tuple[str, ...]

    @property
    def regressions(self) -> list[Difference]:
        """The runs that are slower by more than the bound."""
        return [difference for difference in self.differences if difference.regression]

    @property
    def good(self) -> bool:
        """Whether there is no regression and no lost run."""
        return not self.regressions and not self.lost

    def json(self) -> dict[str, object]:
        """The comparison as plain data."""
        return {"good": self.good, **asdict(self)}


def compare(
    before: BenchResults, after: BenchResults, bound: float, *, despite: bool = False
) -> BenchComparison:
    """Compare two benchmarks.

    Args:
        before, after: A and B, data of two results.json.
        bound: by how much B may be slower: 0.05 for 5%.
        despite: compare even if the conditions differ.

    Raises:
        PortError: device, size, weights or flags differ; or the two have no run in common.
    """
    ours, theirs = _conditions(before), _conditions(after)
    unlike = tuple(f"{name}: {ours[name]} and {theirs[name]}" for name in ours if ours[name] != theirs[name])
    if unlike and not despite:
        raise PortError(
            f"not comparable: {'; '.join(unlike)}", hint="bench under the same conditions, or --despite"
        )
    return _compare_runs(before, after, bound, unlike)


def _compare_runs(
    before: BenchResults, after: BenchResults, bound: float, unlike: tuple[str, ...]
) -> BenchComparison:
    ours, theirs = _measured(before), _measured(after)
    common = [key for key in ours if key in theirs]
    if not common:
        raise PortError("the two have no measured run in common", hint="bench both with the same plan")
    few = [key for key in common if min(len(ours[key]), len(theirs[key])) < 2]
    if few:
        raise PortError(
            f"{few[0]}: a single round says nothing about the noise", hint="bench with --rounds 3 or more"
        )
    shared = sum(_disturbance(results) ** 2 / 12 for results in (before, after))
    tests = [_welch(levels(ours[key]), levels(theirs[key]), shared) for key in common]
    adjusted = scipy.stats.false_discovery_control([p for _, _, p in tests])
    differences = tuple(
        _difference(key, test, float(p), bound) for key, test, p in zip(common, tests, adjusted, strict=True)
    )
    tried = {_key(run) for run in after["runs"]}
    lost = [key for key in ours if key in tried and key not in theirs]
    missing = sorted((ours.keys() ^ theirs.keys()) - {*lost})
    return BenchComparison(bound, differences, tuple(map(str, lost)), tuple(map(str, missing)), unlike)


def _measured(results: BenchResults) -> dict[RunKey, list[list[float]]]:
    return {_key(run): run["rounds"] for run in results["runs"] if run["state"] == "measured"}


def _key(run: MeasuredRun | FailedRun) -> RunKey:
    return RunKey(run["entry"], run["dtype"], run["batch"])


def _conditions(results: BenchResults) -> dict[str, str]:
    """The conditions in which two benchmarks must agree; on a CPU the number of threads is one."""
    device, weights = results["device"], results["weights"]
    return {
        "model": results["model"],
        "size": results["size"],
        "weights": weights["digest"] if weights else "random",
        "device": device["name"],
        "flags": ", ".join(f"{name} {value}" for name, value in results["flags"].items()) or "none",
        "threads": str(results["machine"]["threads"]) if device["kind"] in ("cpu", "sim") else "any",
    }


def _disturbance(results: BenchResults) -> float:
    on_cpu = results["device"]["kind"] in ("cpu", "sim")
    return disturbance(results["machine"]["busy"]) if on_cpu else 0.0


def _welch(before: Sequence[float], after: Sequence[float], shared: float) -> tuple[float, float, float]:
    """The difference of two means, the half width of its interval, and its p.

    Args:
        before, after: the logarithms of the rounds' medians.
        shared: the variance that the spread between rounds does not show.
    """
    difference = float(np.mean(after) - np.mean(before))
    spreads = [float(np.var(values, ddof=1)) / len(values) for values in (before, after)]
    variance = sum(spreads) + shared
    if not variance:
        return difference, 0.0, float(difference == 0)
    own = sum(spread**2 / (len(values) - 1) for spread, values in zip(spreads, (before, after), strict=True))
    freedom = min(variance**2 / own, 1e6) if own else 1e6
    error = math.sqrt(variance)
    p = 2 * float(scipy.stats.t.sf(abs(difference) / error, freedom))
    return difference, quantile(freedom) * error, p


def _difference(key: RunKey, test: tuple[float, float, float], adjusted: float, bound: float) -> Difference:
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
