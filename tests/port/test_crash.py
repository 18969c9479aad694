"""Killed, out of disk, two at once: the old state or the new one, never a mix.

Each test starts with an old ported tree and a lock that names a new one, and an empty cache.
"""

import os
import resource
import shutil
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from npuport.edit.refresh import refresh
from npuport.port.build import port as make_port
from npuport.port.lock import read_lock
from worlds.port import Port, commit, diff_of, edited, git, make_patch, start_npuport
from worlds.processes import signalling_git

OLD, NEW = edited(5, "55"), edited(7, "77")


@dataclass(frozen=True)
class Change:
    """A port in between: old tree published, new lock written."""

    port: Port
    old: str
    new: str

    def check_whole(self) -> None:
        """The published tree is the old one or the new one, to the last byte."""
        link = self.port.layout.ported
        head = git(link, "rev-parse", "HEAD")
        assert head in (self.old, self.new)
        assert link.resolve().name == head
        assert git(link, "status", "--porcelain", "--ignored") == ""
        assert (link / "model.py").read_text() == (OLD if head == self.old else NEW)
        git(link, "fsck", "--strict")

    def check_recovers(self) -> None:
        """The next port ends well, and leaves nothing of the broken one."""
        make_port(self.port.layout)
        self.check_whole()
        assert git(self.port.layout.ported, "rev-parse", "HEAD") == self.new
        for directory in (self.port.layout.out, self.port.layout.trees):
            assert [p.name for p in directory.iterdir() if ".staging" in p.name] == []
        assert {p.name for p in self.port.layout.trees.iterdir()} <= {self.old, self.new}


@pytest.fixture
def change(port: Port, tmp_path: Path) -> Change:
    old = make_port(port.layout).commit
    commit(port.upstream, {"big.bin": os.urandom(400_000).hex()})
    port.write_lock()
    port.write_series(make_patch(diff_of(port.upstream, {"model.py": NEW}), "Change value 7"))
    refresh(port.layout)
    shutil.rmtree(tmp_path / "cache")
    return Change(port, old, read_lock(port.layout.lock).ported_commit)


@pytest.mark.slow
@pytest.mark.parametrize("when", ["before", "after"])
def test_killed_at_each_call_of_git(change: Change, tmp_path: Path, when: str) -> None:
    for call in range(1, 40):
        environment = signalling_git(tmp_path / "git", call, "KILL", when)
        process = start_npuport("--port", change.port.layout.root, "port", env=environment)
        process.communicate(timeout=60)
        change.check_whole()
        if process.returncode == 0:
            break
        assert process.returncode == -signal.SIGKILL
    assert call > 8
    change.check_recovers()


@pytest.mark.slow
def test_killed_with_all_its_children_while_git_works(change: Change, tmp_path: Path) -> None:
    for call in range(1, 11):
        environment = signalling_git(tmp_path / "git", call, "KILL", "during", group=True)
        root = change.port.layout.root
        process = start_npuport("--port", root, "port", env=environment, start_new_session=True)
        process.communicate(timeout=60)
        change.check_whole()
        if process.returncode == 0:
            break
        assert process.returncode == -signal.SIGKILL
    assert call > 8
    change.check_recovers()


@pytest.mark.slow
def test_killed_refresh_is_finished_by_the_next(port: Port, tmp_path: Path) -> None:
    commit(port.upstream, {"model.py": "# moved\n" + edited(20, "0")})
    port.write_lock()
    lock = port.layout.lock.read_bytes()
    for call in range(1, 60, 3):
        environment = signalling_git(tmp_path / "git", call, "KILL", "after")
        process = start_npuport("--port", port.layout.root, "refresh", env=environment)
        process.communicate(timeout=60)
        if process.returncode == 0:
            break
        assert port.layout.lock.read_bytes() == lock
    assert not refresh(port.layout).changed
    make_port(port.layout)


@pytest.mark.parametrize("call", [1, 5, 8])
@pytest.mark.parametrize("when", ["before", "after"])
def test_interrupted(change: Change, tmp_path: Path, call: int, when: str) -> None:
    environment = signalling_git(tmp_path / "git", call, "INT", when, group=True)
    root = change.port.layout.root
    process = start_npuport("--port", root, "port", env=environment, start_new_session=True)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert err.splitlines()[-1] == b"interrupted"
    change.check_whole()
    change.check_recovers()


def test_two_at_once(change: Change) -> None:
    """The second waits for the first, then finds nothing to do."""
    root = change.port.layout.root
    started = [start_npuport("--port", root, "port", "--json") for _ in range(4)]
    ended = [process.communicate(timeout=120) for process in started]
    assert [process.returncode for process in started] == [0, 0, 0, 0], ended
    assert sorted(b'"changed": true' in out for out, _ in ended) == [False, False, False, True]
    change.check_recovers()


def test_two_ports_of_one_upstream_at_once(change: Change, tmp_path: Path) -> None:
    other = tmp_path / "other"
    shutil.copytree(change.port.layout.root, other, ignore=shutil.ignore_patterns("out"))
    started = [start_npuport("--port", root, "port") for root in (change.port.layout.root, other)]
    ended = [process.communicate(timeout=120) for process in started]
    assert [process.returncode for process in started] == [0, 0], ended
    assert len(list((tmp_path / "cache/upstream").glob("*.git"))) == 1


@pytest.mark.parametrize("size", [100, 20_000, 300_000, 600_000])
def test_files_that_may_not_grow(change: Change, size: int) -> None:
    """Stands for a full disk where none can be made: writing fails in the middle of a file."""
    limit = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))  # noqa: E731
    process = start_npuport("--port", change.port.layout.root, "port", preexec_fn=limit)
    _, problem = process.communicate(timeout=60)
    assert process.returncode == 1, problem
    assert b"error: " in problem
    assert b"free some disk" in problem or b"ulimit" in problem
    change.check_whole()
    change.check_recovers()


@pytest.fixture
def small_disk(tmp_path: Path) -> Path:
    disk = tmp_path / "disk"
    disk.mkdir()
    try:
        subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=3m", "none", disk], check=True, capture_output=True
        )
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("only root may mount a small disk; test_files_that_may_not_grow covers the rest")
    yield disk  # type: ignore[misc]
    subprocess.run(["umount", "--lazy", disk], check=True)


@pytest.mark.parametrize("room", [0, 40_000, 600_000, 1_500_000])
def test_full_disk(change: Change, small_disk: Path, monkeypatch: pytest.MonkeyPatch, room: int) -> None:
    root = small_disk / "port"
    shutil.copytree(change.port.layout.root, root, symlinks=True)
    free = shutil.disk_usage(small_disk).free
    (small_disk / "ballast").write_bytes(b"\0" * max(free - room, 0))
    process = start_npuport("--port", root, "port")
    _, problem = process.communicate(timeout=60)
    if room < 600_000:
        assert process.returncode == 1, problem
        assert b"free some disk" in problem, problem
    on_disk = Change(Port(change.port.layout.__class__(root), change.port.upstream), change.old, change.new)
    (small_disk / "ballast").unlink()
    on_disk.check_whole()
    on_disk.check_recovers()
