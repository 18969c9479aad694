"""Parity as the proof of a rebase: run once for a port as it is, and read back."""

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from npuport.base.errors import PortError
from npuport.base.places import HARNESS
from npuport.port.layout import Layout
from npuport.port.lock import format_lock, read_lock
from npuport.rebase.proof import passed, prove, read_proof
from npuport.rebase.summary import state_dict_difference
from worlds.repository import EXAMPLE, copy_example
from worlds.summaries import proof


def test_difference_of_state_dicts() -> None:
    before = proof(state_dict={"tiny": {"a": [4, 4], "b": [8], "c": [1]}, "gone": {"x": [1]}})
    after = proof(state_dict={"tiny": {"a": [4, 8], "c": [1], "d": []}, "more": {"y": [1]}})
    assert state_dict_difference(before, after) == ("a was [4, 4], is [4, 8]", "b [8] is gone", "d [] is new")
    assert state_dict_difference(before, before) == ()


def test_same_difference_of_two_sizes_is_reported_once() -> None:
    before = proof(state_dict={size: {"a": [4], "b": [size_of]} for size, size_of in (("s", 1), ("m", 2))})
    after = proof(state_dict={size: {"b": [3]} for size in ("s", "m")})
    assert state_dict_difference(before, after) == ("a [4] is gone", "b was [1], is [3]", "b was [2], is [3]")


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Layout:
    """A copy of the example."""
    return copy_example(tmp_path_factory.mktemp("proof") / "patchtok")


@pytest.fixture(scope="module")
def report(port: Layout, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of a run on it."""
    directory = tmp_path_factory.mktemp("proof") / "report"
    made = prove(port, ["tiny"], directory, lambda _: None)
    assert made == read_proof(directory / "results.json")
    return directory


@pytest.mark.slow
def test_proof_of_a_port(report: Path) -> None:
    made = read_proof(report / "results.json")
    assert made.verdict == "pass"
    assert made.counts["pass"] > 0
    assert made.worst is not None
    assert made.red == ()
    shapes = made.state_dict["tiny"]
    assert all(isinstance(size, int) for shape in shapes.values() for size in shape)
    assert len(shapes) > 10
    results = json.loads((report / "results.json").read_bytes())
    assert ("(simulated)" in made.device) == results["device"]["simulated"]
    jsonschema.validate(results, json.loads((HARNESS / "docs/results.schema.json").read_text()))


@pytest.mark.slow
def test_run_that_passed_is_not_run_again(port: Layout, report: Path, tmp_path: Path) -> None:
    lines: list[str] = []
    before = (report / "results.json").stat().st_mtime_ns
    prove(port, ["tiny"], report, lines.append)
    assert (report / "results.json").stat().st_mtime_ns == before
    assert ["passed before" in line for line in lines] == [True]
    shutil.copytree(report, port.report)  # where `npuport parity` leaves it
    prove(port, ["tiny"], tmp_path / "elsewhere", lines.append)
    assert not (tmp_path / "elsewhere").exists()
    shutil.rmtree(port.report)


def _set(*keys: str, value: Any) -> Callable[[dict[str, Any]], None]:
    def edit(data: dict[str, Any]) -> None:
        for key in keys[:-1]:
            data = data[key]
        data[keys[-1]] = value

    return edit


STALE: dict[str, Callable[[dict[str, Any]], None]] = {
    "red": _set("verdict", value="fail"),
    "to review": _set("verdict", value="review"),
    "another pin": _set("port", "pin", value="a" * 40),
    "another tree": _set("port", "tree", value="a" * 40),
    "an edited tree": _set("port", "edits", value=["model.py"]),
    "not the whole suite": _set("selection", "deselected", value=1),
    "another seed": _set("seed", value=1),
    "a checkpoint": _set("weights", value="trained"),
    "another torch": _set("versions", "torch", value="1.0"),
    "another adapter": _set("captures", "tiny", "key", value="abc"),
    "no state dict": lambda data: data["captures"]["tiny"].pop("state_dict"),
    "another size": lambda data: data["captures"].update(more=data["captures"]["tiny"]),
    "another shape": lambda data: data.pop("port"),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", STALE)
def test_run_of_something_else_does_not_count(name: str, port: Layout, report: Path, tmp_path: Path) -> None:
    data = json.loads((report / "results.json").read_bytes())
    path = tmp_path / "results.json"
    path.write_text(json.dumps(data))
    assert passed(path, port, ["tiny"])
    STALE[name](data)
    path.write_text(json.dumps(data))
    assert not passed(path, port, ["tiny"])


@pytest.mark.slow
def test_port_that_has_changed_is_run_anew(port: Layout, report: Path, tmp_path: Path) -> None:
    changed = Layout(tmp_path / "port")
    shutil.copytree(port.root, changed.root, symlinks=True, ignore=shutil.ignore_patterns("out"))
    assert passed(report / "results.json", changed, ["tiny"])
    changed.adapter.write_text(changed.adapter.read_text() + "\n# another\n")
    assert not passed(report / "results.json", changed, ["tiny"])
    shutil.copyfile(port.adapter, changed.adapter)
    lock = read_lock(changed.lock)
    changed.lock.write_text(format_lock(replace(lock, ported_commit="a" * 40)))
    assert not passed(report / "results.json", changed, ["tiny"])


def test_no_results_are_no_proof(tmp_path: Path) -> None:
    assert not passed(tmp_path / "results.json", Layout(EXAMPLE), ["tiny"])
    (tmp_path / "results.json").write_text("{")
    assert not passed(tmp_path / "results.json", Layout(EXAMPLE), ["tiny"])


@pytest.mark.slow
def test_suite_that_cannot_run_says_why(port: Layout, tmp_path: Path) -> None:
    with pytest.raises(PortError, match="patchtok has no size huge"):
        prove(port, ["huge"], tmp_path / "report", lambda _: None)
