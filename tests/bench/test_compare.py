"""`bench compare` on results made from chosen samples."""

import json
from pathlib import Path
from typing import Any

import pytest

from npuport.base.errors import PortError
from npuport.bench.compare import compare
from npuport.bench.format import BenchResults
from npuport.bench.plan import RunKey
from npuport.cli import main
from worlds.bench import made, noisy

RUNS = [RunKey(name, "float32", batch) for name in ("encode", "decode", "both") for batch in (1, 2)]


def _results(factor: float = 1.0, seed: int = 0, **more: Any) -> BenchResults:
    return made(
        {run: noisy(10 * factor * run.batch, seed * 100 + place) for place, run in enumerate(RUNS)}, **more
    )


def test_a_slower_second_is_a_regression() -> None:
    found = compare(_results(), _results(1.2, seed=1), 0.05)
    assert [one.verdict for one in found.differences] == ["slower"] * len(RUNS)
    assert len(found.regressions) == len(RUNS)
    assert not found.good
    for one in found.differences:
        assert one.interval[0] < 1.2 < one.interval[1] * 1.01


def test_a_difference_within_the_bound_is_reported_and_no_regression() -> None:
    found = compare(_results(), _results(1.1, seed=1), 0.2)
    assert {one.verdict for one in found.differences} == {"slower"}
    assert found.good


def test_a_faster_second_is_good() -> None:
    found = compare(_results(), _results(0.8, seed=1), 0.05)
    assert {one.verdict for one in found.differences} == {"faster"}
    assert found.good


def test_one_slow_run_is_found_among_many() -> None:
    after = _results(seed=1)
    slow = made(
        {run: noisy(13.0 if run == RUNS[2] else 10.0 * run.batch, 7 + n) for n, run in enumerate(RUNS)}
    )
    found = compare(after, slow, 0.05)
    assert [(one.entry, one.dtype, one.batch) for one in found.regressions] == [RUNS[2]]


def test_two_of_the_same_seldom_differ() -> None:
    alarms = sum(
        any(
            one.verdict != "no difference"
            for one in compare(_results(seed=n), _results(seed=n + 1000), 0.05).differences
        )
        for n in range(50)
    )
    assert alarms <= 7  # 2.5 expected


def test_p_values_are_adjusted_by_the_rule_of_benjamini_and_hochberg() -> None:
    found = sorted(compare(_results(), _results(1.01, seed=1), 0.05).differences, key=lambda one: one.p)
    count = len(found)
    assert count == len(RUNS)
    for place, one in enumerate(found):
        expected = min(found[later].p * count / (later + 1) for later in range(place, count))
        assert one.adjusted == pytest.approx(min(expected, 1.0))


def test_a_difference_that_chance_makes_of_one_run_in_many_is_no_finding() -> None:
    """A p below 0.05 alone, and above it among the other runs."""
    before, after = noisy(10, 1), noisy(10.14, 2)
    alone = compare(made({RUNS[0]: before}), made({RUNS[0]: after}), 0.05).differences[0]
    same = {run: noisy(10, place) for place, run in enumerate(RUNS[1:])}
    among = compare(made({RUNS[0]: before, **same}), made({RUNS[0]: after, **same}), 0.05).differences[0]
    assert alone.p == among.p < 0.05 < among.adjusted
    assert (alone.verdict, among.verdict) == ("slower", "no difference")


def test_cpu_time_used_by_other_processes_makes_it_less_sure() -> None:
    cpu = {"kind": "cpu", "device": "a processor"}
    quiet = compare(_results(**cpu), _results(1.2, seed=1, **cpu), 0.05)
    loud = compare(_results(**cpu), _results(1.2, seed=1, busy=0.6, **cpu), 0.05)
    assert {one.verdict for one in quiet.differences} == {"slower"}
    assert {one.verdict for one in loud.differences} == {"no difference"}


@pytest.mark.parametrize(
    ("facts", "word"),
    [
        ({"device": "Ascend910B4 (simulated)"}, "device"),
        ({"size": "small"}, "size"),
        ({"model": "another"}, "model"),
        ({"flags": {"conv.allow_hf32": False}}, "flags"),
    ],
    ids=["device", "size", "model", "flags"],
)
def test_other_conditions_are_refused_without_despite(facts: dict[str, Any], word: str) -> None:
    with pytest.raises(PortError, match=f"not comparable: {word}"):
        compare(_results(), _results(**facts), 0.05)
    assert compare(_results(), _results(**facts), 0.05, despite=True).unlike[0].startswith(word)


def test_no_run_in_common_is_refused() -> None:
    other = made({RunKey("encode", "bfloat16", 1): noisy(1.0, 1)})
    with pytest.raises(PortError, match="no measured run in common"):
        compare(_results(), other, 0.05)


def test_single_rounds_are_refused() -> None:
    single = made({RUNS[0]: noisy(1.0, 1, rounds=1)})
    with pytest.raises(PortError, match="single round"):
        compare(single, single, 0.05)


def test_a_run_that_no_longer_works_is_a_regression() -> None:
    after = made(
        {run: noisy(10.0 * run.batch, n) if n else "RuntimeError: no kernel" for n, run in enumerate(RUNS)}
    )
    found = compare(_results(), after, 0.05)
    assert found.lost == ("encode, float32, batch 1",)
    assert not found.good


def test_command_exits_with_1_on_a_regression(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name, results in (("a", _results()), ("b", _results(1.3, seed=1))):
        (tmp_path / f"{name}.json").write_text(json.dumps(results))
    before, after = str(tmp_path / "a.json"), str(tmp_path / "b.json")
    assert main(["bench", "compare", before, after, "--bound", "10%"]) == 1
    assert capsys.readouterr().out.count("REGRESSION") == len(RUNS)
    assert main(["bench", "compare", before, before]) == 0
    capsys.readouterr()
    assert main(["bench", "compare", before, after, "--bound", "0.5", "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["good"]
    assert {one["verdict"] for one in answer["differences"]} == {"slower"}


def test_command_refuses_another_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.json").write_text('{"schema": 1}')
    assert main(["bench", "compare", str(tmp_path / "a.json"), str(tmp_path / "a.json")]) == 1
    assert "a.json has no results of a benchmark: model is missing" in capsys.readouterr().err
    assert main(["bench", "compare", str(tmp_path / "b.json"), str(tmp_path / "a.json")]) == 1
    assert "is missing" in capsys.readouterr().err
