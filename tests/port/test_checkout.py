"""`out/checkout`: the clean tree at the pin."""

import pytest

from npuport.base.errors import PortError
from npuport.edit.refresh import refresh
from npuport.port.build import PortResult
from npuport.port.build import port as make_port
from npuport.port.checkout import checkout
from npuport.port.lock import read_lock
from worlds.port import MODEL, Port, commit, git


def test_is_the_pin_and_beside_the_ported_tree(port: Port, ported: PortResult) -> None:
    path = checkout(port.layout)
    assert path == port.layout.checkout
    assert git(path, "rev-parse", "HEAD") == read_lock(port.layout.lock).commit
    assert (path / "model.py").read_text() == MODEL
    assert (ported.path / "model.py").read_text() != MODEL
    assert not make_port(port.layout).changed


def test_second_time_does_nothing(port: Port) -> None:
    inode = (checkout(port.layout) / "model.py").stat().st_ino
    assert (checkout(port.layout, offline=True) / "model.py").stat().st_ino == inode


def test_follows_the_pin_and_prunes(port: Port, ported: PortResult) -> None:
    old = checkout(port.layout).resolve()
    commit(port.upstream, {"README": "Another model.\n"})
    port.write_lock()
    refresh(port.layout)
    assert checkout(port.layout).resolve() != old
    assert not old.exists()
    assert ported.path.resolve().is_dir()


def test_edits_are_kept(port: Port) -> None:
    path = checkout(port.layout)
    (path / "model.py").write_text("mine\n")
    with pytest.raises(PortError, match="local edits"):
        checkout(port.layout)
    assert (path / "model.py").read_text() == "mine\n"


def test_empty_series_shares_the_tree(port: Port) -> None:
    port.write_series()
    refresh(port.layout)
    result = make_port(port.layout)
    assert checkout(port.layout).resolve() == result.path.resolve()
