"""Which results carry a release: each thing that is wrong is named, with the command that fixes it."""

import copy
from collections.abc import Callable
from typing import Any

import pytest

from npuport.port.lock import Lock
from npuport.release.evidence import lacks
from npuport.release.model import ReleaseModel

MODEL = ReleaseModel("Toy-Small", "Toy-Small-p8", "small", "")
LOCK = Lock("u", "main", "a" * 40, "b" * 40, "LICENSE", "c" * 64, "d" * 64, (), "e" * 40, "f" * 40)
Results = dict[str, Any]


def port() -> Results:
    return {
        "pin": LOCK.commit,
        "commit": LOCK.ported_commit,
        "tree": LOCK.ported_tree,
        "edits": [],
        "adapter": "9" * 64,
    }


def common(name: str = "Ascend910B4 (simulated)", kind: str = "sim") -> Results:
    return {
        "port": port(),
        "device": {"kind": kind, "name": name, "simulated": kind == "sim"},
        "versions": {"torch": "2.13.0", "torch_npu": "2.13.0", "transformers": "5.23.0"},
    }


def parity() -> Results:
    return {
        **common(),
        "verdict": "pass",
        "selection": {"deselected": 0},
        "captures": {"tiny": {}, "small": {}},
        "results": [{"id": "one", "word": "pass"}, {"id": "two", "word": "pass"}],
    }


def bench() -> Results:
    run = {"entry": "encode", "dtype": "float32", "batch": 1, "state": "measured", "reason": ""}
    half = {**run, "dtype": "float16", "state": "refused", "reason": "RoPE raises"}
    return {**common(), "size": "small", "runs": [run, half]}


def messages(suite: Results, timing: Results) -> list[str]:
    return [lack.what for lack in lacks(suite, timing, LOCK, MODEL, "9" * 64)]


def test_good_results_carry_a_release() -> None:
    assert messages(parity(), bench()) == []


def test_nothing_run() -> None:
    missing = list(lacks({}, {}, LOCK, MODEL, "9" * 64))
    assert [lack.what for lack in missing] == ["parity has not run", "the benchmark has not run"]
    assert [lack.hint for lack in missing] == ["npuport parity --size small", "npuport bench --size small"]


def red(results: Results) -> None:
    results["verdict"] = "fail"
    results["results"][1]["word"] = "fail"


def on_hardware(results: Results) -> None:
    """Simulated results presented as hardware's."""
    results["device"].update(kind="npu", simulated=False)


def renamed(results: Results) -> None:
    results["device"].update(name="Ascend910B4")


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (red, "parity is fail: two"),
        (lambda r: r["selection"].update(deselected=7), "parity was a part only: 7 checks"),
        (lambda r: r["captures"].pop("small"), "parity ran on size tiny, not on small"),
        (lambda r: r["port"].update(pin="0" * 40), "parity is of another upstream commit: 000000000000"),
        (lambda r: r["port"].update(commit="0" * 40), "parity is of another tree: 000000000000"),
        (lambda r: r["port"].update(commit=None, tree=None), "parity is of another tree: none"),
        (lambda r: r["port"].update(edits=["x.py"]), "parity is of a tree with local edits: x.py"),
        (lambda r: r["port"].update(adapter="8" * 64), "parity was run with another adapter.py"),
        (on_hardware, "parity contradicts itself on whether Ascend910B4 (simulated) was simulated"),
        (renamed, "parity contradicts itself on whether Ascend910B4 was simulated"),
    ],
)
def test_parity_that_carries_no_release(change: Callable[[Results], object], what: str) -> None:
    results = copy.deepcopy(parity())
    change(results)
    assert messages(results, bench())[0].startswith(what)


def refused(results: Results) -> None:
    results["runs"].append(
        {"entry": "encode", "dtype": "float32", "batch": 1, "state": "refused", "reason": "out of memory"}
    )


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (lambda r: r.update(size="tiny"), "the benchmark ran on size tiny, not on small"),
        (lambda r: r["runs"].pop(0), "the benchmark has nothing in float32 at batch 1"),
        (refused, "the benchmark could not run encode at batch 1: out of memory"),
        (lambda r: r["port"].update(tree="0" * 40), "the benchmark is of another tree"),
        (
            lambda r: r["device"].update(kind="cpu", name="CPU"),
            "the benchmark ran on CPU, which is no Ascend",
        ),
        (
            lambda r: r["device"].update(kind="npu", name="Ascend910B4", simulated=False),
            "parity ran on Ascend910B4 (simulated), the benchmark on Ascend910B4",
        ),
        (
            lambda r: r["versions"].update(torch="2.9.0"),
            "parity ran with torch 2.13.0, the benchmark with 2.9.0",
        ),
    ],
)
def test_a_benchmark_that_carries_no_release(change: Callable[[Results], object], what: str) -> None:
    results = copy.deepcopy(bench())
    change(results)
    assert any(line.startswith(what) for line in messages(parity(), results))
