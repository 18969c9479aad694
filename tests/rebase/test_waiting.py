"""A rebase that waits for a decision, and the decisions."""

import json
from pathlib import Path

import pytest

from worlds.disagreement import DONE, OTHER, OURS, SEEDED, disagree, resolution, stop, wanted
from worlds.expect import clean, conflict, resolved, skipped
from worlds.port import git, start_npuport
from worlds.rebase import World
from worlds.standin import NAME, TOOLS

ROTATED = "lumen/rotary.py"


@pytest.fixture
def stopped(world: World) -> World:
    """The first of four patches needs a decision."""
    return stop(world)


def test_tree_has_gits_own_markers(stopped: World) -> None:
    text = (stopped.tree / SEEDED).read_text()
    marks = [line[:8].rstrip() for line in text.splitlines() if line[:7] in ("<" * 7, "=" * 7, ">" * 7)]
    assert marks == ["<" * 7, "=" * 7, ">" * 7]
    assert OTHER in text
    assert "torch.npu.manual_seed_all" in text
    assert SEEDED in git(stopped.tree, "status", "--porcelain")


def test_markers_left(stopped: World) -> None:
    """Refused, by file and line; and then it goes on."""
    lines = (stopped.tree / SEEDED).read_text().splitlines()
    number = next(n for n, line in enumerate(lines, 1) if line.startswith("<<<<<<<"))
    before = stopped.everything()
    answer = stopped.npuport("rebase", "--continue")
    assert answer.code == 1
    assert f"{SEEDED}:{number}:" in answer.data["error"]
    assert stopped.everything() == before
    stopped.resolve({SEEDED: resolution(stopped)})
    stopped.go_on("--continue", *DONE, tree=wanted(stopped))


@pytest.mark.parametrize("left", ["|||||||", "======="])
def test_inner_marker_left(stopped: World, left: str) -> None:
    """Git's style is diff3: a conflict has four markers, and none of them may be published."""
    lines = (stopped.tree / SEEDED).read_text().splitlines(keepends=True)
    marks = ("<<<<<<<", "|||||||", "=======", ">>>>>>>")
    kept = [line for line in lines if not line.startswith(tuple(set(marks) - {left}))]
    stopped.resolve({SEEDED: "".join(kept)})
    number = next(n for n, line in enumerate(kept, 1) if line.startswith(left))
    answer = stopped.npuport("rebase", "--continue")
    assert (answer.code, f"{SEEDED}:{number}:" in answer.data["error"]) == (1, True), answer


def test_resolved_patch_keeps_its_mail(stopped: World) -> None:
    """The reason, the author and the fields are the old ones; only the diff is new."""
    old = stopped.patches["0001-Seed-the-accelerator-that-is-present.patch"]
    stopped.resolve({SEEDED: resolution(stopped)})
    stopped.go_on("--continue", *DONE, tree=wanted(stopped))
    new = next(iter(stopped.patches.values()))
    assert new.partition(b"diff --git")[0] == old.partition(b"diff --git")[0]


def test_abort(stopped: World) -> None:
    before = stopped.state()
    answer = stopped.npuport("rebase", "--abort")
    assert (answer.code, answer.data) == (0, {"good": True, "aborted": True})
    assert stopped.state() == before
    assert not stopped.tree.exists()
    assert stopped.npuport("rebase", "--abort").data["aborted"] is False
    assert "hint" in stopped.npuport("rebase", "--status").data
    assert stopped.npuport("verify").code == 0
    stopped.rebase(conflict(SEEDED, 1))


@pytest.mark.parametrize("option", ["--continue", "--skip", "--status"])
def test_nothing_to_go_on_with(world: World, option: str) -> None:
    answer = world.npuport("rebase", option)
    assert answer.code == 1
    assert "no rebase" in answer.data["error"]
    assert "--to" in answer.data["hint"]


def test_status_shows_everything(stopped: World) -> None:
    answer = stopped.npuport("rebase", "--status")
    assert (answer.code, answer.data["good"]) == (1, False)
    assert Path(answer.data["session"]).exists()
    assert answer.data["verdicts"][0]["kind"] == "conflict"
    assert len(answer.data["waiting"]) == 3
    assert answer.data["decisions"]
    json.dumps(answer.data)


@pytest.mark.parametrize("option", [["--to", "main"], ["--latest"], ["--to", "main", "--dry-run"]])
def test_another_rebase(stopped: World, option: list[str]) -> None:
    before = stopped.everything()
    answer = stopped.npuport("rebase", *option)
    assert answer.code == 1
    for choice in ("--continue", "--skip", "--abort", "--status"):
        assert choice in answer.data["hint"]
    assert stopped.everything() == before


def test_processes_of_their_own(world: World) -> None:
    """Begun, looked at and ended by three processes; the second one prints text."""
    disagree(world)
    world.history.write()
    root = world.layout.root
    started = start_npuport("rebase", "--to", "main", cwd=root)
    out, errors = started.communicate(timeout=60)
    assert started.returncode == 1, errors
    for word in (SEEDED, "Seed one GPU", "--continue", "--abort"):
        assert word in out.decode(), out.decode()
    looked = start_npuport("rebase", "--status", cwd=root / "patches")
    assert SEEDED in looked.communicate(timeout=60)[0].decode()
    assert looked.returncode == 1
    world.resolve({SEEDED: resolution(world)})
    ended = start_npuport("rebase", "--continue", cwd=world.tree)  # from within the tree it is about
    out, errors = ended.communicate(timeout=60)
    assert ended.returncode == 0, errors
    assert world.npuport("verify").code == 0


def test_resolution_committed_with_git(stopped: World) -> None:
    stopped.resolve({SEEDED: resolution(stopped)})
    git(stopped.tree, "add", "--all")
    git(stopped.tree, "commit", "--quiet", "-m", "Mine")
    stopped.go_on("--continue", *DONE, tree=wanted(stopped))


def test_resolution_committed_in_two_and_then_some(stopped: World) -> None:
    """A commit, another, and edits on top: what counts is the tree."""
    stopped.resolve({SEEDED: resolution(stopped).replace(OURS, OURS + OURS)})
    git(stopped.tree, "commit", "--quiet", "--all", "-m", "One")
    stopped.resolve({"lumen/more.py": "MORE = 1\n"})
    git(stopped.tree, "add", "lumen/more.py")
    git(stopped.tree, "commit", "--quiet", "--all", "-m", "Two")
    stopped.resolve({SEEDED: resolution(stopped)})
    after = wanted(stopped) | {"lumen/more.py": b"MORE = 1\n"}
    stopped.go_on("--continue", *DONE, tree=after)


def test_new_files_of_a_resolution(stopped: World) -> None:
    """What is not ignored belongs to it; bytecode does not."""
    more = {"lumen/more.py": "MORE = 1\n", "lumen/__pycache__/more.cpython-311.pyc": b"\0"}
    stopped.resolve({SEEDED: resolution(stopped), **more})
    stopped.go_on("--continue", *DONE, tree=wanted(stopped) | {"lumen/more.py": b"MORE = 1\n"})


def test_resolution_is_upstreams_own(stopped: World) -> None:
    """Then nothing is left of the patch: that is what --skip is for."""
    stopped.resolve({SEEDED: stopped.history.text(SEEDED)})
    before = stopped.everything()
    answer = stopped.npuport("rebase", "--continue")
    assert answer.code == 1
    assert "--skip" in answer.data["hint"]
    assert stopped.everything() == before
    stopped.go_on("--skip", skipped(), clean(), clean(), clean())


def test_second_conflict_after_the_first(world: World) -> None:
    disagree(world)
    world.history.edit("Count on the CPU", ROTATED, 'count, device="cuda")', "count)")
    world.rebase(conflict(SEEDED))
    world.resolve({SEEDED: resolution(world)})
    world.go_on("--continue", resolved(), conflict(ROTATED, 1, by="Count on the CPU"))
    assert (world.tree / SEEDED).read_text() == resolution(world)
    rotary = world.history.text(ROTATED).replace('"cuda"', "accelerator()")
    world.resolve({ROTATED: rotary})
    tree = NAME.apply(TOOLS.apply(world.history.files))
    after = tree | {SEEDED: resolution(world).encode(), ROTATED: rotary.encode()}
    world.go_on("--continue", resolved(), resolved(), clean(), clean(), tree=after)


def test_usage(world: World) -> None:
    """Exactly one of the ways to call it."""
    for words in (
        [],
        ["--to", "main", "--latest"],
        ["--continue", "--skip"],
        ["--abort", "--dry-run"],
        ["--to"],
    ):
        command = start_npuport("--port", world.layout.root, "rebase", *words)
        _, errors = command.communicate(timeout=60)
        assert command.returncode == 2, (words, errors)
        assert b"usage: npuport rebase" in errors
