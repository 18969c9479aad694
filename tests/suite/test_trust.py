"""Results that do not prove a port, and why; `tests/release/test_evidence.py` has every reason."""

from collections.abc import Callable
from typing import Any

import pytest

from npuport.port.lock import Lock
from npuport.suite.trust import doubts, doubts_on_device
from worlds.release import PIN, PORTED, PORTED_TREE, parity

LOCK = Lock("u", "main", PIN, "b" * 40, "LICENSE", "c" * 64, "d" * 64, (), PORTED, PORTED_TREE)
DEVICE = {"kind": "sim", "name": "Ascend910B4 (simulated)", "simulated": True}


def reasons(results: Any, *sizes: str) -> list[str]:
    return list(doubts(results, LOCK, "e" * 64, sizes))


def test_results_of_the_port_raise_no_doubt() -> None:
    assert reasons(parity(DEVICE), "tiny") == []


@pytest.mark.parametrize(
    ("edit", "reason"),
    [
        (lambda r: r.update(verdict="error", results=[]), "is error: nothing ran"),
        (lambda r: r["selection"].update(deselected=1), "was a part only: 1 checks were left out with -k"),
        (lambda r: r["port"].update(edits=["a.py"]), "is of a tree with local edits: a.py"),
        (lambda r: r["port"].update(adapter="0" * 64), "was run with another adapter.py"),
    ],
)
def test_each_doubt_has_its_line(edit: Callable[[Any], None], reason: str) -> None:
    results = parity(dict(DEVICE))
    edit(results)

    assert reasons(results) == [reason]


def test_a_size_that_did_not_run_is_a_doubt() -> None:
    assert reasons(parity(DEVICE), "tiny", "small") == ["ran on size tiny, not on small"]


@pytest.mark.parametrize(
    ("kind", "name", "simulated"),
    [("npu", "Ascend910B4 (simulated)", True), ("sim", "Ascend910B4", True), ("npu", "Ascend910B4", True)],
)
def test_a_simulator_cannot_be_reported_as_a_chip(kind: str, name: str, simulated: bool) -> None:
    assert list(doubts_on_device(kind=kind, name=name, simulated=simulated)) == [
        f"contradicts itself on whether {name} was simulated"
    ]
