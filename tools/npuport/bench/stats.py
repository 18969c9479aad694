"""Samples of a run to figures. A run has samples of several rounds; a round is a process of its own."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from npuport.bench.student import normal_tail, quantile

#: Of every interval.
CONFIDENCE = 0.95
#: Tukey's fence (Exploratory Data Analysis, 1977): beyond the quartiles by three times their distance is
#: "far out".
FENCE = 3.0
#: Throttled: the latency rises within the rounds by more than this, first third to last ...
RISE = 0.02
#: ... and the trend would arise by chance less often than this.
TREND = 0.001

Rounds = Sequence[Sequence[float]]


@dataclass(frozen=True)
class Latency:
    """Figures of a run, in the samples' unit.

    Args:
        median, p90, p99, mean, min: over all samples.
        interval: of the median, at `CONFIDENCE`; None where a single round tells nothing of the next.
    """

    median: float
    p90: float
    p99: float
    mean: float
    min: float
    interval: tuple[float, float] | None


def latency(rounds: Rounds, disturbance: float = 0.0) -> Latency:
    """The figures of a run's samples; see `interval` for the disturbance."""
    pooled = np.concatenate([np.asarray(one, dtype=float) for one in rounds])
    p50, p90, p99 = (float(value) for value in np.percentile(pooled, (50, 90, 99)))
    return Latency(p50, p90, p99, float(pooled.mean()), float(pooled.min()), interval(rounds, disturbance))


def levels(rounds: Rounds) -> list[float]:
    """The logarithm of each round's median."""
    return [math.log(float(np.median(one))) for one in rounds]


def disturbance(busy: Sequence[float | None]) -> float:
    """How much slower than on an idle machine a CPU's rounds may have been, as a logarithm.

    Args:
        busy: in each round, the share of the machine that others took: our calls may have had to do with the
            rest.
    """
    return float(np.mean([-math.log(1 - min(share or 0.0, 0.99)) for share in busy])) if busy else 0.0


def interval(rounds: Rounds, disturbance: float = 0.0) -> tuple[float, float] | None:
    """An interval for the median that holds for the next benchmark too.

    A process may be faster than the next one throughout (where its memory lies, what else the machine does),
    so that the samples within one say little. The interval is that of the rounds' medians, by Student's t on
    their logarithms; see Kalibera and Jones, "Rigorous Benchmarking in Reasonable Time" (ISMM 2013). It is
    never narrower than what order statistics give for all samples, and always holds their median.

    What others did to all rounds alike, no spread shows. Downwards the interval is wider by that disturbance:
    the next benchmark may have the machine to itself.
    """
    if len(rounds) < 2:
        return None
    means = np.asarray(levels(rounds))
    centre = float(means.mean())
    half = quantile(CONFIDENCE, len(means) - 1) * float(means.std(ddof=1)) / math.sqrt(len(means))
    pooled = np.sort(np.concatenate([np.asarray(one, dtype=float) for one in rounds]))
    low, high = order_interval(pooled)
    return min(math.exp(centre - math.hypot(half, disturbance)), low), max(math.exp(centre + half), high)


def order_interval(ordered: "np.ndarray") -> tuple[float, float]:
    """Order statistics that hold the median of independent samples, by the binomial's normal limit."""
    count = len(ordered)
    reach = 1.96 * math.sqrt(count) / 2
    low = max(0, math.floor((count - 1) / 2 - reach))
    high = min(count - 1, math.ceil((count - 1) / 2 + reach))
    return float(ordered[low]), float(ordered[high])


def outliers(rounds: Rounds) -> int:
    """Samples far out, by Tukey's fence in their own round. They are counted, not dropped."""
    found = 0
    for one in rounds:
        if len(one) >= 4:
            low, high = np.percentile(one, (25, 75))
            reach = FENCE * (high - low)
            found += int(np.sum((np.asarray(one) < low - reach) | (np.asarray(one) > high + reach)))
    return found


@dataclass(frozen=True)
class Drift:
    """Whether a run slows down while it is measured.

    Args:
        rise: last third over first third of each round, minus 1, the median over rounds.
        p: of the trend; 1 where there are too few samples to tell.
        throttled: both beyond their bounds.
    """

    rise: float
    p: float
    throttled: bool


def drift(rounds: Rounds) -> Drift:
    """A test for throttling: Kendall's trend within the rounds, summed over them.

    Each round is a block of its own, as the season is in Hirsch, Slack and Smith, "Techniques of Trend
    Analysis for Monthly Water Quality Data" (Water Resources Research, 1982), so that what differs between
    rounds is no trend. Ties are few enough in nanoseconds to be left out of the variance.
    """
    score, variance = 0.0, 0.0
    rises = []
    for one in rounds:
        samples = np.asarray(one, dtype=float)
        count = len(samples)
        if count < 6:
            continue
        pairs = np.sign(samples[None, :] - samples[:, None])
        score += float(np.triu(pairs, 1).sum())
        variance += count * (count - 1) * (2 * count + 5) / 18
        third = count // 3
        rises.append(float(np.median(samples[-third:]) / np.median(samples[:third])) - 1)
    if not rises:
        return Drift(0.0, 1.0, throttled=False)
    z = (score - math.copysign(1, score)) / math.sqrt(variance) if score else 0.0
    rise, p = float(np.median(rises)), normal_tail(z)
    return Drift(rise, p, throttled=score > 0 and p < TREND and rise > RISE)


def pace(runs: Sequence[Sequence[float]]) -> list[float]:
    """How slow each round was as a whole.

    Args:
        runs: for each run the logarithms of its rounds' medians.

    Returns:
        For each round the median over the runs of its level over the run's mean level; 1 is as slow as usual.
    """
    if not runs:
        return []
    table = np.asarray(runs, dtype=float)
    relative = np.median(table - table.mean(axis=1, keepdims=True), axis=0)
    return [round(float(value), 4) for value in np.exp(relative)]
