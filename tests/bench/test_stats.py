"""The statistics on samples from known distributions."""

import math
import random

import numpy as np
import pytest

from npuport.bench import stats


def test_the_quantile_is_that_of_the_tables_at_95_percent() -> None:
    quantiles = [stats.quantile(freedom) for freedom in (1, 4, 1e6)]
    assert quantiles == pytest.approx([12.7062, 2.7764, 1.95997], abs=1e-4)


def test_percentiles_are_numpys_over_all_rounds() -> None:
    source = random.Random(1)
    rounds = [[source.expovariate(1) + 1 for _ in range(37)] for _ in range(4)]
    found = stats.latency(rounds)
    pooled = np.concatenate(rounds)
    assert (found["median"], found["p90"], found["p99"]) == pytest.approx(
        tuple(np.percentile(pooled, (50, 90, 99)))
    )
    assert (found["mean"], found["min"]) == pytest.approx((pooled.mean(), pooled.min()))


def _rounds(source: random.Random, count: int, between: float, within: float) -> list[list[float]]:
    levels = [source.lognormvariate(0, between) for _ in range(count)]
    return [[level * source.lognormvariate(0, within) for _ in range(12)] for level in levels]


@pytest.mark.parametrize(
    ("between", "within"), [(0.02, 0.02), (0.05, 0.005), (0.0, 0.05)], ids=["both", "rounds", "samples"]
)
def test_interval_holds_the_truth_in_19_of_20_benchmarks(between: float, within: float) -> None:
    source, hits, tries = random.Random(7), 0, 400
    for _ in range(tries):
        found = stats.interval(_rounds(source, 5, between, within))
        assert found
        hits += found[0] <= 1.0 <= found[1]
    assert hits / tries > 0.93  # 0.95 less twice the deviation of 400 tries


def test_interval_is_not_needlessly_wide() -> None:
    source = random.Random(3)
    widths = [np.ptp(stats.interval(_rounds(source, 5, 0.02, 0.01))) for _ in range(100)]
    assert np.median(widths) < 0.08  # t is 2.8: about 0.05


def test_interval_of_samples_alone_would_miss_what_rounds_differ_by() -> None:
    """The reason for the rounds: order statistics over all samples are too sure of themselves."""
    source, hits = random.Random(5), 0
    for _ in range(200):
        rounds = _rounds(source, 5, 0.05, 0.001)
        low, high = stats.order_interval(np.sort(np.concatenate(rounds)))
        hits += low <= 1.0 <= high
    assert hits / 200 < 0.9


def test_interval_always_holds_the_median() -> None:
    source = random.Random(9)
    for _ in range(200):
        found = stats.latency(_rounds(source, 3, 0.1, 0.1))
        assert found["interval"]
        assert found["interval"][0] <= found["median"] <= found["interval"][1]


def test_one_round_has_no_interval() -> None:
    assert stats.latency([[1.0, 2.0, 3.0]])["interval"] is None


def test_cpu_time_used_by_others_widens_the_interval_downwards() -> None:
    rounds = _rounds(random.Random(2), 5, 0.01, 0.01)
    alone, disturbed = stats.interval(rounds), stats.interval(rounds, stats.disturbance([0.5] * 5))
    assert alone
    assert disturbed
    assert disturbed[1] == alone[1]
    assert disturbed[0] == pytest.approx(0.5, rel=0.1)


def test_outliers_are_counted_and_kept() -> None:
    source = random.Random(4)
    rounds = [[source.uniform(9.9, 10.1) for _ in range(40)] for _ in range(3)]
    assert stats.outliers(rounds) == 0
    rounds[1][7] = 30.0
    rounds[2][3] = 1.0
    assert stats.outliers(rounds) == 2
    assert stats.latency(rounds)["min"] == 1.0


def test_a_round_of_another_level_is_no_outlier() -> None:
    source = random.Random(4)
    rounds = [[level * source.uniform(0.99, 1.01) for _ in range(40)] for level in (1, 1, 5)]
    assert stats.outliers(rounds) == 0


def test_rising_latency_is_throttling() -> None:
    source = random.Random(6)
    rounds = [[(1 + 0.01 * step) * source.gauss(1, 0.01) for step in range(20)] for _ in range(5)]
    found = stats.drift(rounds)
    assert found.throttled
    assert found.rise == pytest.approx(0.13, abs=0.04)


@pytest.mark.parametrize("kind", ["level", "falling", "slow rounds", "slight"])
def test_other_trends_are_not_throttling(kind: str) -> None:
    source = random.Random(8)
    slope = {"falling": -0.01, "slight": 0.0005}.get(kind, 0.0)
    levels = [1, 1.5, 2, 2.5, 3] if kind == "slow rounds" else [1] * 5
    rounds = [[level * (1 + slope * step) * source.gauss(1, 0.002) for step in range(20)] for level in levels]
    assert not stats.drift(rounds).throttled


def test_false_alarms_of_throttling_are_rare() -> None:
    source = random.Random(10)
    found = [stats.drift(_rounds(source, 5, 0.05, 0.05)).throttled for _ in range(300)]
    assert sum(found) <= 2


def test_few_samples_show_no_trend() -> None:
    assert stats.drift([[1.0, 2.0, 3.0]]).p == 1.0


def test_pace_is_one_where_rounds_are_alike_and_finds_the_slow_one() -> None:
    assert stats.pace([[0.0, 0.0], [1.0, 1.0]]) == [1.0, 1.0]
    slow = [[level, level, level + math.log(2)] for level in (0.0, 3.0, 5.0)]
    pace = stats.pace(slow)
    assert pace[2] / pace[0] == pytest.approx(2, rel=1e-3)
    assert stats.pace([]) == []
