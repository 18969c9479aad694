"""A rebase waits for a decision, and the user edits, moves or deletes its files."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from npuport.port.layout import Layout
from npuport.port.lock import read_lock
from worlds.disagreement import DONE, SEEDED, disagree, resolution, stop, wanted
from worlds.expect import conflict
from worlds.port import start_npuport
from worlds.rebase import World


@pytest.fixture
def stopped(world: World) -> World:
    """The first of four patches needs a decision."""
    return stop(world)


def test_port_status_and_refresh_work_on_the_old_state(stopped: World) -> None:
    before = stopped.state()
    pin = read_lock(stopped.layout.lock).commit
    assert stopped.npuport("port").data["upstream"] == pin
    assert stopped.npuport("verify").code == 0
    assert stopped.npuport("status").data["ported"]["state"] == "good"
    refreshed = stopped.npuport("refresh")
    assert (refreshed.code, refreshed.data["changed"]) == (0, False)
    assert stopped.state() == before
    stopped.resolve({SEEDED: resolution(stopped)})
    stopped.go_on("--continue", *DONE, tree=wanted(stopped))


def test_the_ports_directory_moves(stopped: World) -> None:
    stopped.resolve({SEEDED: resolution(stopped)})
    moved = stopped.root / "elsewhere"
    stopped.layout.root.rename(moved)
    done = start_npuport("--port", moved, "rebase", "--continue", "--json")
    out, errors = done.communicate(timeout=60)
    assert done.returncode == 0, (out, errors)
    assert read_lock(Layout(moved).lock).commit == json.loads(out)["new"]["commit"]["id"]


def test_cache_lost_meanwhile(stopped: World, cache: Path) -> None:
    shutil.rmtree(cache)
    stopped.resolve({SEEDED: resolution(stopped)})
    stopped.go_on("--continue", *DONE, tree=wanted(stopped))


def test_upstream_goes_on_meanwhile(stopped: World) -> None:
    """The session goes where it was sent."""
    files = dict(stopped.history.files)
    stopped.history.insert("Explain", SEEDED, 9)
    stopped.history.write()
    stopped.history.files.clear()
    stopped.history.files.update(files)
    stopped.resolve({SEEDED: resolution(stopped)})
    stopped.go_on("--continue", *DONE, tree=wanted(stopped))


@pytest.mark.parametrize("what", ["upstream.lock", "patches/series", "a patch", "a new patch"])
@pytest.mark.parametrize("option", ["--continue", "--skip"])
def test_the_port_is_edited_meanwhile(stopped: World, what: str, option: str) -> None:
    """Refused, with a hint, and nothing of it is lost; `--abort` goes on working."""
    name = list(stopped.patches)[1]
    place = {"a patch": f"patches/{name}", "a new patch": "patches/0009-more.patch"}.get(what, what)
    path = stopped.layout.root / place
    old = path.read_bytes() if path.exists() else None
    edit = {
        "upstream.lock": (old or b"") + b"# mine\n",
        "patches/series": (old or b"").replace(b"0001", b"# 0001"),
    }
    path.write_bytes(edit.get(what, (old or stopped.patches[name]) + b"-- \nmine\n"))
    stopped.resolve({SEEDED: resolution(stopped)})
    before = stopped.everything()
    answer = stopped.npuport("rebase", option)
    assert answer.code == 1, answer.data
    assert answer.data["hint"]
    assert stopped.everything() == before
    if old is None:
        path.unlink()
    else:
        path.write_bytes(old)
    if option == "--continue":
        stopped.go_on("--continue", *DONE, tree=wanted(stopped))
    else:
        assert stopped.npuport("rebase", "--abort").data["aborted"]


@pytest.mark.parametrize("data", [b"\0binary\0", b"# caf\xe9\n"], ids=["binary", "latin-1"])
def test_resolution_that_is_no_text(stopped: World, data: bytes) -> None:
    """A patch is UTF-8 text; the error comes now, not from the next port."""
    stopped.resolve({SEEDED: resolution(stopped), "lumen/table.bin": data})
    before = stopped.everything()
    answer = stopped.npuport("rebase", "--continue")
    assert answer.code == 1
    assert answer.data["hint"]
    assert stopped.state() == {k: v for k, v in before.items() if not k.startswith("out/")}
    (stopped.tree / "lumen/table.bin").unlink()
    stopped.go_on("--continue", *DONE, tree=wanted(stopped))


def test_resolution_with_a_link(stopped: World) -> None:
    stopped.resolve({SEEDED: resolution(stopped)})
    (stopped.tree / "lumen/link.py").symlink_to("/etc/passwd")
    answer = stopped.npuport("rebase", "--continue")
    assert (answer.code, "link" in answer.data["error"]) == (1, True)
    (stopped.tree / "lumen/link.py").unlink()
    stopped.go_on("--continue", *DONE, tree=wanted(stopped))


def test_tree_deleted_by_the_user(stopped: World) -> None:
    shutil.rmtree(stopped.tree)
    before = stopped.state()
    answer = stopped.npuport("rebase", "--continue")
    assert (answer.code, "--abort" in answer.data["hint"]) == (1, True)
    assert stopped.npuport("rebase", "--abort").code == 0
    assert stopped.state() == before


def test_session_not_readable(stopped: World) -> None:
    path = stopped.layout.out / "rebase/session/session.json"
    path.write_text(path.read_text()[:-40])
    for option in ("--continue", "--skip", "--status"):
        answer = stopped.npuport("rebase", option)
        assert (answer.code, "--abort" in answer.data["hint"]) == (1, True)
    assert stopped.npuport("rebase", "--abort").code == 0


def test_out_deleted_by_the_user(stopped: World) -> None:
    """It is safe to delete: the rebase is gone with it."""
    shutil.rmtree(stopped.layout.out)
    assert stopped.npuport("rebase", "--status").code == 1
    stopped.rebase(conflict(SEEDED, 1))


def test_two_at_once(stopped: World) -> None:
    """One ends it; the other finds nothing to go on with, or is refused; no harm is done."""
    stopped.resolve({SEEDED: resolution(stopped)})
    root = stopped.layout.root
    started = [start_npuport("--port", root, "rebase", "--continue", "--json") for _ in range(3)]
    ended = [process.communicate(timeout=120)[0] for process in started]
    assert sorted(process.returncode for process in started) == [0, 1, 1], ended
    assert stopped.npuport("verify").code == 0
    assert stopped.npuport("port").code == 0
    assert stopped.ported() == wanted(stopped)


def test_nothing_of_upstreams_runs(world: World, tmp_path: Path) -> None:
    """No hook, filter or merge driver that its attributes ask for."""
    trap = tmp_path / "trap"
    attributes = "* filter=trap merge=trap diff=trap eol=crlf working-tree-encoding=UTF-16\n"
    world.history.commit("Ask for more", {".gitattributes": attributes})
    disagree(world)
    config = tmp_path / "home/.gitconfig"
    config.write_text(
        f'[filter "trap"]\nsmudge = touch {trap}\nclean = touch {trap}\n'
        f'[merge "trap"]\ndriver = touch {trap}\n[core]\nhooksPath = {tmp_path}/hooks\nautocrlf = true\n'
        f"[merge]\nconflictStyle = merge\nrenames = false\n[commit]\ngpgSign = true\n"
    )
    (tmp_path / "hooks").mkdir()
    for name in ("post-checkout", "pre-commit", "applypatch-msg", "post-index-change", "post-merge"):
        (tmp_path / "hooks" / name).write_text(f"#!/bin/sh\ntouch {trap}\n")
        (tmp_path / "hooks" / name).chmod(0o755)
    world.rebase(conflict(SEEDED, 1))
    world.resolve({SEEDED: resolution(world)})
    world.go_on("--continue", *DONE, tree=wanted(world))
    assert not trap.exists()
    assert (
        subprocess.run(["git", "config", "--global", "core.autocrlf"], capture_output=True).stdout
        == b"true\n"
    )


def test_the_ported_tree_has_edits(world: World) -> None:
    """Edits that are in no patch yet are never lost, whatever the port does."""
    world.npuport("port")
    ported = world.layout.ported.resolve()
    (ported / "lumen/blocks.py").write_text("mine = 1\n")
    world.history.insert("Explain", SEEDED, 5)
    answer = world.attempt()
    kept = [path for path in world.layout.out.rglob("blocks.py") if path.read_text() == "mine = 1\n"]
    assert kept, answer
    if answer.data.get("published"):
        assert world.npuport("port", "--force").code == 0
        assert world.npuport("verify").code == 0
    else:
        assert answer.data["hint"]
