"""results.json as types: reading it, and the schema that is made from them."""

import json
from pathlib import Path

import pytest

from npuport.base.places import HARNESS
from npuport.base.schema import schema_of
from npuport.parity.verdict import worst
from npuport.suite.results import Results, largest_ratio, not_passed, overall, read_results
from worlds.release import parity, result

DEVICE = {"kind": "sim", "name": "Ascend910B4 (simulated)", "simulated": True}


def test_the_published_schema_is_that_of_the_types() -> None:
    published = json.loads((HARNESS / "docs" / "results.schema.json").read_text())

    assert json.loads(json.dumps(schema_of(Results, "results.json of npuport parity"))) == published


def test_results_are_read_back(tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    path.write_text(json.dumps(parity(DEVICE)))

    assert read_results(path) == parity(DEVICE)


@pytest.mark.parametrize("text", ["{", "[]", '{"schema": 2}', "{}"])
def test_results_of_another_shape_are_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "results.json"
    path.write_text(text)

    with pytest.raises(ValueError):
        read_results(path)


@pytest.mark.parametrize(
    ("words", "verdict"),
    [
        (["pass", "skip"], "pass"),
        (["review", "pass"], "review"),
        (["pass", "fail", "review"], "fail"),
        (["error", "fail"], "error"),
        (["skip"], "error"),
        ([], "error"),
    ],
)
def test_the_verdict_of_a_run_is_its_worst(words: list[str], verdict: str) -> None:
    assert overall([result(word, word=word) for word in words]) == verdict


def test_a_skip_is_worse_than_a_pass_and_better_than_the_others() -> None:
    assert worst(["pass", "skip"]) == "skip"
    assert worst(["skip", "review"]) == "review"


def test_figures_of_a_run() -> None:
    results = [result("a", ratio=1.0), result("b", word="fail", ratio=9.0), result("c", word="skip")]

    assert [one["id"] for one in not_passed(results)] == ["b"]
    assert largest_ratio(results) == 9.0
    assert largest_ratio([result("c")]) is None
