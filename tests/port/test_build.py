"""`npuport port`: the tree the lock names, every id verified, nobody's work lost."""

import os
import shutil
import stat
import subprocess
from pathlib import Path

import pytest

from npuport.base.errors import PortError
from npuport.base.files import staged_directory
from npuport.edit.refresh import refresh
from npuport.port.build import PortResult
from npuport.port.build import port as make_port
from npuport.port.lock import read_lock
from worlds.port import TOOLS, Port, commit, diff_of, edited, git, make_patch, start_npuport


def test_ported_tree_is_the_series_on_the_pin(port: Port) -> None:
    result = make_port(port.layout)
    lock = read_lock(port.layout.lock)
    assert result == PortResult(
        path=port.layout.ported,
        commit=lock.ported_commit,
        tree=lock.ported_tree,
        upstream=lock.commit,
        patches=("0001-patch.patch", "0002-patch.patch"),
        changed=True,
    )
    assert port.layout.ported.is_symlink()
    assert port.layout.ported.resolve() == port.layout.trees / lock.ported_commit
    assert git(result.path, "rev-parse", "HEAD", "HEAD^{tree}", "HEAD~2").split() == [
        lock.ported_commit,
        lock.ported_tree,
        lock.commit,
    ]
    assert git(result.path, "log", "-2", "--format=%s|%an <%ae>|%cn").splitlines() == [
        "Change value 5|Ada Lovelace <ada@example.org>|npuport",
        "Seed what is present|Ada Lovelace <ada@example.org>|npuport",
    ]
    when = "2026-11-02T10:00:00+01:00"
    assert git(result.path, "log", "-1", "--format=%aI %cI") == f"{when} {when}"
    assert (result.path / "model.py").read_text() == edited(5, "55")
    assert git(result.path, "status", "--porcelain", "--ignored") == ""
    assert git(result.path, "for-each-ref") == ""


def test_second_run_does_nothing(port: Port, ported: PortResult) -> None:
    inode = (ported.path / "model.py").stat().st_ino
    again = make_port(port.layout, offline=True)
    assert not again.changed
    assert (ported.path / "model.py").stat().st_ino == inode
    shutil.rmtree(port.upstream)
    assert not make_port(port.layout).changed


def test_tree_needs_neither_cache_nor_upstream(port: Port, ported: PortResult, cache: Path) -> None:
    shutil.rmtree(cache)
    shutil.rmtree(port.upstream)
    assert not make_port(port.layout).changed
    git(ported.path, "fsck", "--strict")


def test_bytecode_is_no_edit(port: Port, ported: PortResult) -> None:
    (ported.path / "tools/__pycache__").mkdir()
    (ported.path / "tools/__pycache__/seed.cpython-311.pyc").write_bytes(b"x")
    assert not make_port(port.layout).changed


def test_empty_series_ports_to_the_pin(port: Port) -> None:
    port.write_series()
    refresh(port.layout)
    result = make_port(port.layout)
    assert result.commit == result.upstream


def edit(path: Path) -> None:
    (path / "model.py").write_text("mine\n")


def add(path: Path) -> None:
    (path / "notes.txt").write_text("mine\n")


def commit_more(path: Path) -> None:
    commit(path, {"notes.txt": "mine\n"}, "Mine")


def break_it(path: Path) -> None:
    (path / ".git/HEAD").unlink()
    (path / "notes.txt").write_text("mine\n")


TOUCHES = {"edit": edit, "new file": add, "further commit": commit_more, "no repository any more": break_it}


@pytest.mark.parametrize("touch", TOUCHES.values(), ids=TOUCHES.keys())
def test_edited_tree_is_kept(port: Port, ported: PortResult, touch: object) -> None:
    touch(ported.path)  # type: ignore[operator]
    before = sorted(p.name for p in ported.path.iterdir())
    with pytest.raises(PortError) as caught:
        make_port(port.layout)
    assert "--force" in caught.value.hint
    assert sorted(p.name for p in ported.path.iterdir()) == before

    result = make_port(port.layout, force=True)
    assert result.aside is not None
    assert sorted(p.name for p in result.aside.iterdir()) == before
    assert result.changed
    assert (ported.path / "model.py").read_text() == edited(5, "55")
    assert not make_port(port.layout).changed


def test_forced_twice_keeps_both(port: Port, ported: PortResult) -> None:
    edit(ported.path)
    first = make_port(port.layout, force=True).aside
    add(ported.path)
    second = make_port(port.layout, force=True).aside
    assert first is not None
    assert second is not None
    assert (first / "model.py").read_text() == "mine\n"
    assert (second / "notes.txt").read_text() == "mine\n"


def change_series(port: Port, value: str) -> None:
    port.write_series(make_patch(diff_of(port.upstream, {"model.py": edited(7, value)}), "Change value 7"))
    refresh(port.layout)


def test_new_lock_makes_a_new_tree_and_removes_the_old(port: Port, ported: PortResult) -> None:
    old = ported.path.resolve()
    change_series(port, "77")
    assert (ported.path / "model.py").read_text() == edited(5, "55")
    assert make_port(port.layout).changed
    assert (ported.path / "model.py").read_text() == edited(7, "77")
    assert not old.exists()
    assert [p.name for p in port.layout.out.iterdir() if p.name.startswith(".staging")] == []


def test_old_tree_with_work_in_it_stays(port: Port, ported: PortResult) -> None:
    old = ported.path.resolve()
    git(old, "branch", "mine")
    change_series(port, "77")
    make_port(port.layout)
    assert old.is_dir()
    change_series(port, "78")
    edit(ported.path)
    with pytest.raises(PortError, match="local edits"):
        make_port(port.layout)
    edited_tree = ported.path.resolve()
    assert make_port(port.layout, force=True).aside == edited_tree
    assert (ported.path / "model.py").read_text() == edited(7, "78")
    assert sorted((tree / "model.py").read_text() for tree in port.layout.trees.iterdir()) == sorted(
        [edited(5, "55"), "mine\n", edited(7, "78")]
    )


def wrong(port: Port, old: str, new: str) -> None:
    text = port.layout.lock.read_text()
    assert old in text
    port.layout.lock.write_text(text.replace(old, new))


def test_wrong_ids_in_the_lock_are_found(port: Port, ported: PortResult) -> None:
    lock = read_lock(port.layout.lock)
    text = port.layout.lock.read_text()
    shutil.rmtree(port.layout.out)
    for old, names in (
        (lock.tree, "the tree of"),
        (lock.license_sha256, "LICENSE has changed"),
        (lock.ported_tree, "ported tree is"),
        (lock.ported_commit, "ported commit is"),
    ):
        wrong(port, old, "0" * len(old))
        with pytest.raises(PortError, match=names):
            make_port(port.layout)
        port.layout.lock.write_text(text)
        assert not port.layout.ported.exists()
    wrong(port, '"LICENSE"', '"COPYING"')
    with pytest.raises(PortError, match="COPYING is not in upstream"):
        make_port(port.layout)


def test_wrong_ported_tree_is_found_when_nothing_is_to_do(port: Port, ported: PortResult) -> None:
    wrong(port, ported.tree, "0" * 40)
    with pytest.raises(PortError, match="ported tree is"):
        make_port(port.layout)


def test_lock_that_is_not_filled_in(port: Port) -> None:
    port.write_lock()
    with pytest.raises(PortError, match="not filled in") as caught:
        make_port(port.layout)
    assert caught.value.hint == "npuport refresh"


def test_patch_that_does_not_apply_leaves_the_old_tree(port: Port, ported: PortResult) -> None:
    """The series is as locked, but the pin has moved under it."""
    old = ported.path.resolve()
    new = commit(port.upstream, {"model.py": edited(5, "'upstream'")})
    lock = read_lock(port.layout.lock)
    text = port.layout.lock.read_text().replace(lock.commit, new)
    port.layout.lock.write_text(text.replace(lock.tree, git(port.upstream, "rev-parse", "HEAD^{tree}")))
    with pytest.raises(
        PortError, match=r"0002-patch\.patch: hunk 1 does not apply at model\.py:5: expected `"
    ) as caught:
        make_port(port.layout)
    assert "found `value_5 = 'upstream'`" in caught.value.message
    assert ported.path.resolve() == old
    assert list(port.layout.out.glob(".staging*")) == []


def test_something_else_where_the_link_belongs(port: Port) -> None:
    port.layout.ported.mkdir(parents=True)
    with pytest.raises(PortError, match="not a link"):
        make_port(port.layout)


def test_umask_does_not_matter(port: Port) -> None:
    shutil.rmtree(port.layout.out)
    process = start_npuport("--port", port.layout.root, "port", preexec_fn=lambda: os.umask(0o177))
    assert process.wait() == 0
    assert stat.S_IMODE((port.layout.ported / "model.py").stat().st_mode) == 0o600
    assert not make_port(port.layout).changed


def test_two_hundred_patches(port: Port) -> None:
    patches, text = [], edited(1, "0")
    for number in range(200):
        new = text.replace("value_10 = ", f"value_10 = {number} + ", 1)
        old_line, new_line = text.splitlines()[9], new.splitlines()[9]
        context = text.splitlines()
        body = "".join(f" {line}\n" for line in context[6:9]) + f"-{old_line}\n+{new_line}\n"
        body += "".join(f" {line}\n" for line in context[10:13])
        diff = "diff --git a/model.py b/model.py\nindex 1..2 100644\n--- a/model.py\n+++ b/model.py\n"
        patches.append(make_patch(f"{diff}@@ -7,7 +7,7 @@\n{body}", f"Add {number}"))
        text = new
    commit(port.upstream, {"model.py": edited(1, "0")})
    port.write_lock()
    port.write_series(*patches)
    refresh(port.layout)
    assert (make_port(port.layout).path / "model.py").read_text() == text


def test_git_that_is_missing(port: Port, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(PortError, match="git is not installed"):
        make_port(port.layout)


def test_process_count_does_not_grow_with_the_series(port: Port, tmp_path: Path) -> None:
    """One `git fast-import` for the whole series, however long."""
    wrapper = tmp_path / "bin/git"
    wrapper.parent.mkdir()
    real = shutil.which("git")
    wrapper.write_text(f'#!/bin/sh\necho "$*" >> {tmp_path}/calls\nexec {real} "$@"\n')
    wrapper.chmod(0o755)
    path = {"PATH": f"{wrapper.parent}{os.pathsep}{os.environ['PATH']}"}
    process = start_npuport("--port", port.layout.root, "port", env=dict(os.environ) | path)
    assert process.wait() == 0
    calls = (tmp_path / "calls").read_text().splitlines()
    assert sum(" fast-import --quiet" in call for call in calls) == 1
    assert len(calls) < 14, calls
    (tmp_path / "calls").unlink()
    done = subprocess.run(
        process.args, env=dict(os.environ) | path | {"PYTHONPATH": "tools"}, capture_output=True, check=False,
        cwd=TOOLS.parent,
    )  # fmt: skip
    assert done.returncode == 0
    assert len((tmp_path / "calls").read_text().splitlines()) == 2


def test_what_a_port_killed_at_its_end_left_goes_with_the_next(port: Port) -> None:
    make_port(port.layout)
    (port.layout.out / ".staging-killed" / "link").mkdir(parents=True)
    assert not make_port(port.layout).changed
    assert not (port.layout.out / ".staging-killed").exists()


def test_what_another_command_builds_meanwhile_stays(port: Port) -> None:
    with staged_directory(port.layout.out) as directory:
        make_port(port.layout)
        assert not make_port(port.layout).changed
        assert directory.exists()
