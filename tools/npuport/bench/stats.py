"""From the samples of a run to its figures. A run has samples of several rounds; a round is one process."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy  # scipy.stats loads at its first use: `npuport bench --help` need not wait a second for it

from npuport.bench.format import Latency

#: Confidence of every interval.
CONFIDENCE = 0.95
#: Tukey's fence (Exploratory Data Analysis, 1977): a sample is "far out" when it lies beyond a quartile by
#: more than three times the distance between the quartiles.
FENCE = 3.0
#: A run is throttled when its latency rises by more than this from a round's first third to its last ...
RISE = 0.02
#: ... and when such a trend arises by chance less often than this.
TREND = 0.001

Rounds = Sequence[Sequence[float]]


def latency(rounds: Rounds, disturbance: float = 0.0) -> Latency:
    """The figures of a run over all its samples; `interval` explains the disturbance."""
    pooled = _pooled(rounds)
    median, p90, p99 = (float(value) for value in np.percentile(pooled, (50, 90, 99)))
    bounds = interval(rounds, disturbance)
    return Latency(
        median=median,
        p90=p90,
        p99=p99,
        mean=float(pooled.mean()),
        min=float(pooled.min()),
        interval=list(bounds) if bounds else None,
    )


def _pooled(rounds: Rounds) -> "np.ndarray":
    return np.concatenate([np.asarray(samples, dtype=float) for samples in rounds])


def levels(rounds: Rounds) -> list[float]:
    """The logarithm of each round's median."""
    return [math.log(float(np.median(samples))) for samples in rounds]


def disturbance(busy: Sequence[float | None]) -> float:
    """How much slower than on an idle machine a CPU's rounds may have been, as a logarithm.

    Args:
        busy: for each round, the share of CPU time used by other processes. In the worst case our calls got
            only the rest.
    """
    return float(np.mean([-math.log(1 - min(share or 0.0, 0.99)) for share in busy])) if busy else 0.0


def quantile(freedom: float) -> float:
    """The t that bounds the middle `CONFIDENCE` of Student's distribution."""
    return float(scipy.stats.t.ppf((1 + CONFIDENCE) / 2, freedom))


def interval(rounds: Rounds, disturbance: float = 0.0) -> tuple[float, float] | None:
    """An interval for the median that holds for the next benchmark too; None for a single round.

    One process may be faster than the next throughout (where its memory lies, what else the machine does), so
    the samples within one process say little. The interval is that of the rounds' medians, by Student's t on
    their logarithms; see Kalibera and Jones, "Rigorous Benchmarking in Reasonable Time" (ISMM 2013). It is
    never narrower than the interval of order statistics over all samples, and always holds their median.

    The spread between rounds does not show what slowed all rounds alike. The interval is therefore wider
    downwards by `disturbance`: the next benchmark may run on an idle machine.
    """
    if len(rounds) < 2:
        return None
    means = np.asarray(levels(rounds))
    centre = float(means.mean())
    half = quantile(len(means) - 1) * float(means.std(ddof=1)) / math.sqrt(len(means))
    low, high = order_interval(np.sort(_pooled(rounds)))
    return min(math.exp(centre - math.hypot(half, disturbance)), low), max(math.exp(centre + half), high)


def order_interval(ordered: "np.ndarray") -> tuple[float, float]:
    """The order statistics that bound the median of independent samples, by the binomial's normal limit."""
    count = len(ordered)
    reach = 1.96 * math.sqrt(count) / 2
    low = max(0, math.floor((count - 1) / 2 - reach))
    high = min(count - 1, math.ceil((count - 1) / 2 + reach))
    return float(ordered[low]), float(ordered[high])


def outliers(rounds: Rounds) -> int:
    """The number of samples that are far out in their own round, by Tukey's fence. No sample is dropped."""
    count = 0
    for samples in rounds:
        if len(samples) >= 4:
            low, high = np.percentile(samples, (25, 75))
            reach = FENCE * (high - low)
            count += int(np.sum((np.asarray(samples) < low - reach) | (np.asarray(samples) > high + reach)))
    return count


@dataclass(frozen=True)
class Drift:
    """Whether a run slows down while it is measured.

    Args:
        rise: last third over first third of each round, minus 1; the median over the rounds.
        p: of the trend; 1 where there are too few samples.
        throttled: whether both are beyond their bounds.
    """

    rise: float
    p: float
    throttled: bool


def drift(rounds: Rounds) -> Drift:
    """A test for throttling: Kendall's trend within the rounds, summed over the rounds.

    Each round is a block, as the season is in Hirsch, Slack and Smith, "Techniques of Trend Analysis for
    Monthly Water Quality Data" (Water Resources Research, 1982), so that a difference between rounds is not
    taken for a trend. scipy's `kendalltau` knows no blocks. Ties in nanoseconds are few enough to be left out
    of the variance.
    """
    score, variance = 0.0, 0.0
    rises = []
    for samples in (np.asarray(samples, dtype=float) for samples in rounds if len(samples) >= 6):
        count = len(samples)
        score += float(np.triu(np.sign(samples[None, :] - samples[:, None]), 1).sum())
        variance += count * (count - 1) * (2 * count + 5) / 18
        third = count // 3
        rises.append(float(np.median(samples[-third:]) / np.median(samples[:third])) - 1)
    if not rises:
        return Drift(0.0, 1.0, throttled=False)
    z = (score - math.copysign(1, score)) / math.sqrt(variance) if score else 0.0
    rise, p = float(np.median(rises)), math.erfc(abs(z) / math.sqrt(2))
    return Drift(rise, p, throttled=score > 0 and p < TREND and rise > RISE)


def pace(runs: Sequence[Sequence[float]]) -> list[float]:
    """How slow each round was as a whole; 1 is as slow as usual.

    Args:
        runs: for each run the logarithms of its rounds' medians.

    Returns:
        For each round the median over the runs of its level over the run's mean level.
    """
    if not runs:
        return []
    table = np.asarray(runs, dtype=float)
    relative = np.median(table - table.mean(axis=1, keepdims=True), axis=0)
    return [round(float(value), 4) for value in np.exp(relative)]
