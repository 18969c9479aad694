"""What else has been seen in the wild: hostile subjects, full disks, other file systems, two at once."""

import os
import resource
import shutil
import subprocess
from pathlib import Path

import pytest

from npuport.port.lock import read_lock
from worlds.disagreement import SEEDED, disagree, stop
from worlds.expect import Expected, clean, conflict, moved, renamed, upstreamed
from worlds.port import git, start_npuport
from worlds.processes import signalling_git
from worlds.rebase import World
from worlds.standin import NAME, SEED, TABLES, TOOLS, Edit

CLEAN = (clean(), clean(), clean(), clean())
ADDED = "lumen/accelerator.py"


def test_branch_and_tag_of_one_name(world: World) -> None:
    """Which one is not to be guessed."""
    world.history.branch("v2")
    world.history.insert("Explain", SEEDED, 5)
    world.history.write()
    git(world.upstream, "tag", "v2", "main")
    answer = world.npuport("rebase", "--to", "v2")
    assert answer.code == 1
    assert "v2" in answer.data["error"]
    assert answer.data["hint"]
    world.rebase(moved(5), *CLEAN[1:], to="heads/v2")


def test_branch_with_slashes_becomes_the_locks(world: World) -> None:
    world.history.branch("release/2.x")
    world.history.insert("Explain", SEEDED, 5)
    world.rebase(moved(5), *CLEAN[1:], to="release/2.x")
    assert read_lock(world.layout.lock).branch == "release/2.x"
    world.history.insert("Explain more", SEEDED, 1)
    tip = world.history.write()
    assert world.npuport("rebase", "--latest").data["new"]["commit"]["id"] == tip


def test_locks_branch_is_gone(world: World) -> None:
    world.history.branch("trunk")
    world.history.insert("Explain", SEEDED, 5)
    world.history.write()
    git(world.upstream, "symbolic-ref", "HEAD", "refs/heads/trunk")
    git(world.upstream, "update-ref", "-d", "refs/heads/main")
    answer = world.npuport("rebase", "--latest")
    assert (answer.code, "main" in answer.data["error"]) == (1, True)
    answer = world.npuport("rebase", "--to", "trunk")
    assert (answer.code, answer.data["published"]) == (0, True)
    assert read_lock(world.layout.lock).branch == "trunk"


def test_hostile_subjects_and_names(world: World) -> None:
    """What upstream writes does not steer the terminal, and does not end a line of ours."""
    subject = "Seed \x1b[31mred\x1b[0m \x07 \u202egnol <script>alert(1)</script> | `x` $(y)"
    world.history.edit(subject, SEEDED, "    torch.cuda.manual_seed_all(seed)\n", "    pass\n")
    world.history.commit(
        "x" * 5000, {"a b/\"c\" 'd' $(e).py": "1\n", "-f": "2\n", "tools/\u202eyp.exe": "3\n"}
    )
    world.history.write()
    process = start_npuport("--port", world.layout.root, "rebase", "--to", "main")
    out, errors = process.communicate(timeout=60)
    assert process.returncode == 1, errors
    for raw in (b"\x1b", b"\x07", "\u202e".encode()):
        assert raw not in out + errors
    for name in ("md", "html"):
        report = world.layout.out / f"rebase/report.{name}"
        if report.exists():
            assert b"\x1b" not in report.read_bytes()
            assert b"<script>alert" not in report.read_bytes()


def test_same_tree_under_another_commit(world: World) -> None:
    world.history.commit("Nothing at all")
    data = world.rebase(*CLEAN)
    assert data["old"]["tree"] == data["new"]["tree"]


def test_dropped_patch_leaves_the_series_comments(world: World) -> None:
    series = world.layout.patches / "series"
    first, *rest = series.read_text().splitlines(keepends=True)
    series.write_text("# Seeds first.\n" + first + "\n# The model.\n" + "".join(rest))
    tree = SEED.apply(world.history.files)
    world.history.commit("Seed what is there", {SEEDED: tree[SEEDED]})
    assert world.attempt().data["published"]
    assert first not in series.read_text()
    assert "# The model.\n" + rest[0] in series.read_text()


def test_mode_change_upstreamed(world: World) -> None:
    world.carry([Edit("Let it run", {}, modes={"tools/rebuild.sh": "100755"}), SEED])
    world.history.mode("Let it run, too", "tools/rebuild.sh", "100755")
    world.rebase(upstreamed("Let it run, too"), clean())


def test_file_turned_into_a_submodule(world: World) -> None:
    world.history.commit("Make room", {SEEDED: None})
    world.history.gitlink("Keep it elsewhere", SEEDED, "1" * 40, {"README.md": "# lumen\n"})
    answer = world.attempt()
    verdict = answer.data["verdicts"][0]
    assert (answer.code, verdict["kind"] in ("conflict", "deleted")) == (1, True), answer.data
    assert world.npuport("rebase", "--skip").data["published"]


def test_patches_rename_and_then_edit_what_upstream_edits(world: World) -> None:
    """The second patch knows the file only by our own name for it."""
    ours = "lumen/random.py"
    line, better = "    random.seed(seed)\n    np.random.seed(seed)\n    return", "    return"
    edits = [Edit("Name it", {}, renames={SEEDED: ours}), Edit("Seed less", {ours: ((line, better),)}), NAME]
    world.carry(edits)
    world.history.insert("Explain", SEEDED, 8)
    world.rebase(Expected(("clean", "moved", "merged")), moved(8), clean())


def test_added_file_upstreamed_and_edited_by_a_later_patch(world: World) -> None:
    text = (NAME.whole or {})[ADDED] or ""
    later = Edit("Call it a device", {ADDED: (("def accelerator()", "def device()"),)})
    world.carry([NAME, later, SEED])
    world.history.commit("Name the accelerator", {ADDED: text})
    world.rebase(upstreamed("Name the accelerator"), clean(), clean())


def test_later_patch_of_a_renamed_file_in_a_renamed_directory(world: World) -> None:
    """A patch adds a file, the next edits it; upstream renames the directory around it."""
    later = Edit("Call it a device", {ADDED: (("def accelerator()", "def device()"),)})
    world.carry([NAME, later])
    inside = {path: data for path, data in world.history.files.items() if path.startswith("lumen/")}
    new = {f"src/{path}": data for path, data in inside.items()}
    world.history.commit("Give it a home", {**dict.fromkeys(inside), **new})
    after = renamed({ADDED: f"src/{ADDED}"})
    world.rebase(after, after)


def test_two_rebases_at_once(world: World) -> None:
    """The second waits for the first, then finds nothing to do."""
    world.history.insert("Explain", SEEDED, 5)
    world.history.write()
    words = ("--port", world.layout.root, "rebase", "--to", "main", "--json")
    started = [start_npuport(*words) for _ in range(3)]
    ended = [process.communicate(timeout=120)[0] for process in started]
    assert [process.returncode for process in started] == [0, 0, 0], ended
    assert sorted(b'"changed": true' in out for out in ended) == [False, False, True]
    assert world.npuport("verify").code == 0
    changelog = (world.layout.root / "CHANGELOG.md").read_text()
    assert changelog.count(read_lock(world.layout.lock).commit[:7]) == 1


def test_rebase_and_drop_at_once(world: World) -> None:
    """Neither undoes the other; who comes too late says so."""
    world.history.insert("Explain", SEEDED, 5)
    tip = world.history.write()
    name = "0003-Run-the-tools-on-any-accelerator.patch"
    words = (("drop", name), ("rebase", "--to", "main"))
    started = [start_npuport("--port", world.layout.root, *line, "--json") for line in words]
    ended = [process.communicate(timeout=120)[0] for process in started]
    for process, out, line in zip(started, ended, words, strict=True):
        assert process.returncode in (0, 1), out
        if process.returncode == 1:
            assert b"run the command again" in out
            assert world.npuport(*line).code == 0
    assert read_lock(world.layout.lock).commit == tip
    assert name not in world.patches
    assert len(world.patches) == 3
    assert world.npuport("verify").code == 0


def test_series_is_not_edited_beside_a_session(world: World) -> None:
    stop(world)
    before = world.everything()
    answer = world.npuport("drop", "0003-Run-the-tools-on-any-accelerator.patch")
    assert answer.code == 1, answer
    assert "--abort" in answer.data["hint"]
    assert world.everything() == before


@pytest.mark.parametrize("size", [100, 3_000, 20_000])
def test_files_that_may_not_grow(world: World, size: int) -> None:
    """Stands for a full disk: the old port or the new one, and the next rebase ends well."""
    world.npuport("port")
    world.history.insert("Explain", SEEDED, 5)
    world.history.write()
    before = world.state()
    limit = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))  # noqa: E731
    process = start_npuport("--port", world.layout.root, "rebase", "--to", "main", preexec_fn=limit)
    _, errors = process.communicate(timeout=60)
    assert process.returncode in (0, 1), errors
    assert (b"error: " in errors) == (process.returncode == 1)
    world.npuport("status")
    assert world.state() == before or world.npuport("port").code == 0
    assert world.npuport("rebase", "--to", "main").code == 0
    assert world.npuport("port").code == 0
    assert world.npuport("verify").code == 0


def test_out_on_another_file_system(world: World) -> None:
    """`out` may be a link to where there is room."""
    room = Path("/dev/shm")
    if not room.is_dir() or room.stat().st_dev == world.root.stat().st_dev:
        pytest.skip("there is no second file system at /dev/shm")
    elsewhere = room / f"npuport-test-{os.getpid()}"
    shutil.rmtree(world.layout.out, ignore_errors=True)
    elsewhere.mkdir()
    try:
        world.layout.out.symlink_to(elsewhere)
        world.npuport("port")
        world.history.insert("Explain", SEEDED, 5)
        world.rebase(moved(5), *CLEAN[1:])
        disagree(world)
        world.rebase(conflict(SEEDED, 1))
        assert world.npuport("rebase", "--skip").data["published"]
    finally:
        shutil.rmtree(elsewhere)


def test_interrupted(world: World, tmp_path: Path) -> None:
    """Control-C at some call of git: exit 130, and the port is the old one or the new one."""
    world.history.insert("Explain", SEEDED, 5)
    tip = world.history.write()
    before = world.state()
    for call in (1, 6, 12):
        environment = signalling_git(tmp_path / "git", call, "INT", "after", group=True)
        words = ("--port", world.layout.root, "rebase", "--to", "main")
        process = start_npuport(*words, env=environment, start_new_session=True)
        process.communicate(timeout=60)
        assert process.returncode == 130
        world.npuport("status")
        assert world.npuport("verify").code == 0
        assert world.state() == before or read_lock(world.layout.lock).commit == tip
    assert world.npuport("rebase", "--to", "main").code == 0
    assert world.npuport("verify").code == 0


def test_port_inside_a_repository_of_its_own(world: World) -> None:
    """As ports are kept: a rebase neither stages nor commits there, and its hooks do not run."""
    root = world.layout.root
    git(root, "init", "--quiet")
    (root / ".gitignore").write_text("out/\n")
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "-m", "A port")
    (root / ".git/hooks/post-checkout").write_text(f"#!/bin/sh\ntouch {world.root}/trap\n")
    (root / ".git/hooks/post-checkout").chmod(0o755)
    world.history.insert("Explain", SEEDED, 5)
    tree = NAME.apply(TOOLS.apply(TABLES.apply(SEED.apply({**world.history.files}))))
    assert world.attempt().data["published"]
    assert world.npuport("port").code == 0
    assert world.ported() == tree
    changed = git(root, "status", "--porcelain").splitlines()
    names = sorted(line[3:] for line in changed)
    assert names == [
        "CHANGELOG.md",
        "patches/0001-Seed-the-accelerator-that-is-present.patch",
        "upstream.lock",
    ]
    assert all(line.startswith(" M") for line in changed)
    assert not (world.root / "trap").exists()
    done = subprocess.run(["git", "diff", "--check"], cwd=root, capture_output=True, check=False)
    assert done.returncode in (0, 2)
