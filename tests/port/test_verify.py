"""`npuport verify`: the ported tree derived from nothing, compared file by file."""

import os
from pathlib import Path

import pytest

from npuport.base.errors import PortError
from npuport.port.build import PortResult
from npuport.port.build import port as make_port
from npuport.port.verify import verify
from worlds.port import Port, commit, git


def test_good(port: Port, ported: PortResult) -> None:
    result = verify(port.layout)
    assert (result.commit, result.tree, result.published) == (ported.commit, ported.tree, ported.tree)
    assert result.differences == ()


def test_before_the_first_port(port: Port) -> None:
    result = verify(port.layout)
    assert result.published == ""
    assert result.differences == ()
    assert not port.layout.ported.exists()


def test_differences_are_listed(port: Port, ported: PortResult) -> None:
    (ported.path / "model.py").write_text("mine\n")
    (ported.path / "notes.txt").write_text("mine\n")
    assert verify(port.layout).differences == ("model.py differs", "notes.txt differs")
    commit(ported.path, {}, "Mine")
    (line,) = verify(port.layout).differences
    assert line.startswith("its commit is")


def test_edit_that_git_status_cannot_see(port: Port, ported: PortResult) -> None:
    """Every file is read, whatever the index says of it."""
    git(ported.path, "update-index", "--assume-unchanged", "model.py")
    (ported.path / "model.py").write_text("mine\n")
    assert not make_port(port.layout).changed
    (line,) = verify(port.layout).differences
    assert line.startswith("its files are tree")


def test_same_size_same_time(port: Port, ported: PortResult) -> None:
    path: Path = ported.path / "model.py"
    before = path.stat()
    path.write_bytes(path.read_bytes().replace(b"55", b"56"))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert verify(port.layout).differences


def test_lock_that_does_not_follow(port: Port, ported: PortResult) -> None:
    text = port.layout.lock.read_text()
    port.layout.lock.write_text(text.replace(ported.tree, "0" * 40))
    with pytest.raises(PortError, match="ported tree is"):
        verify(port.layout)
