"""`npuport status`: what is there, what is stale, what differs."""

import pytest

from npuport.base.errors import PortError
from npuport.cli import main
from npuport.edit.refresh import refresh
from npuport.port import trees
from npuport.port.build import PortResult
from npuport.port.checkout import checkout
from npuport.port.status import Status, status
from worlds.port import MODEL, Port, commit, diff_of, edited, make_patch


def states(found: Status) -> dict[str, str]:
    return {line.name: line.state for line in found.lines if line.name != "device"}


def test_before_anything(port: Port) -> None:
    port.write_lock()
    assert states(status(port.layout)) == {
        "pin": "good",
        "series": "stale",
        "rebase": "absent",
        "cache": "good",
        "ported": "absent",
        "checkout": "absent",
    }


def test_all_good(port: Port, ported: PortResult) -> None:
    checkout(port.layout)
    found = status(port.layout)
    assert found.good
    assert {state for name, state in states(found).items() if name != "rebase"} == {"good"}
    tree = trees.linked(port.layout.ported)
    assert tree is not None
    assert (tree.commit, tree.tree) == (ported.commit, ported.tree)


def test_new_lock_makes_the_tree_stale(port: Port, ported: PortResult) -> None:
    port.write_series(make_patch(diff_of(port.upstream, {"model.py": edited(7, "77")})))
    assert states(status(port.layout))["series"] == "differs"
    refresh(port.layout)
    found = status(port.layout)
    assert not found.good
    assert states(found)["series"] == "good"
    assert states(found)["ported"] == "stale"


def test_new_pin_makes_cache_and_checkout_stale(port: Port, ported: PortResult) -> None:
    checkout(port.layout)
    commit(port.upstream, {"model.py": MODEL + "\n"})
    port.write_lock()
    assert states(status(port.layout)) == {
        "pin": "good",
        "series": "stale",
        "rebase": "absent",
        "cache": "absent",
        "ported": "stale",
        "checkout": "stale",
    }


def test_a_rebase_that_waits_is_seen(port: Port, ported: PortResult) -> None:
    commit(port.upstream, {"model.py": edited(5, "5.5")})
    assert main(["--port", str(port.layout.root), "rebase", "--latest", "--json"]) == 1
    found = status(port.layout)
    assert states(found)["rebase"] == "waiting"
    assert found.good, "the port is as it was"


def test_edits_are_seen(port: Port, ported: PortResult) -> None:
    (ported.path / "model.py").write_text("mine\n")
    (line,) = [line for line in status(port.layout).lines if line.name == "ported"]
    assert line.state == "differs"
    assert "model.py" in line.text
    assert line.hint


def test_malformed_lock(port: Port) -> None:
    port.layout.lock.write_text("format: 1\n")
    with pytest.raises(PortError, match=r"upstream\.lock"):
        status(port.layout)
