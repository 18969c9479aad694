"""The way from the old pin to the new one: merges, moved tags, rewritten and shallow histories, no way."""

import shutil
from pathlib import Path

import pytest

from npuport.port.lock import read_lock
from worlds.expect import clean, conflict, moved
from worlds.lumen import START
from worlds.port import git
from worlds.rebase import World

SEEDED = "lumen/seeding.py"
LINE = "    torch.cuda.manual_seed_all(seed)\n"
CLEAN = (clean(), clean(), clean(), clean())


def rewrite(world: World) -> None:
    """Upstream's main starts over, with the same files, and goes on."""
    world.history.branch("anew", orphan=True)
    world.history.commit("Start over", dict(world.history.files))
    world.history.insert("Explain", SEEDED, 5)
    world.history.force("main")


def test_pin_is_the_target_already(world: World) -> None:
    before = world.everything()
    answer = world.attempt()
    assert (answer.code, answer.data["changed"], answer.data["log"]) == (0, False, [])
    assert world.everything() == before


def test_latest_is_the_tip_of_the_locks_branch(world: World) -> None:
    world.history.insert("Explain", SEEDED, 5)
    world.history.branch("other")
    world.history.insert("Elsewhere", SEEDED, 9)
    world.history.switch("main")
    tip = world.history.write()
    answer = world.npuport("rebase", "--latest")
    assert (answer.code, answer.data["published"]) == (0, True)
    assert read_lock(world.layout.lock).commit == tip


def test_log_between_the_pins(world: World) -> None:
    for number in range(12):
        world.history.insert(f"Explain {number}", SEEDED, 1)
    data = world.rebase(moved(12), *CLEAN[1:])
    assert [commit["subject"] for commit in data["log"]] == [f"Explain {n}" for n in reversed(range(12))]
    assert data["log"][0]["author"] == "Ida Brandt"
    assert data["log"][0]["date"] == "2026-01-15"
    assert data["log"][0]["id"] == data["new"]["commit"]["id"]
    assert data["old"]["commit"]["subject"] == "Add the model"


def test_merge_commits(world: World) -> None:
    for name in ("one", "two"):
        world.history.switch("main")
        world.history.branch(name)
        world.history.insert(f"Work on {name}", SEEDED if name == "one" else "tools/rebuild.py", 3)
        world.history.switch("main")
    world.history.merge("one", "Merge one")
    mine = world.history.files[SEEDED]
    world.history.merge("two", "Merge two", {SEEDED: mine})
    data = world.rebase(moved(3), clean(), moved(3), clean())
    subjects = {commit["subject"] for commit in data["log"]}
    assert subjects == {"Work on one", "Work on two", "Merge one", "Merge two"}


def test_force_pushed_and_the_old_pin_still_cached(world: World) -> None:
    world.npuport("port")
    rewrite(world)
    world.history.write()
    prune(world.upstream)
    data = world.rebase(moved(5), *CLEAN[1:])
    assert data["history"]


def test_force_pushed_and_the_cache_lost(world: World, cache: Path) -> None:
    """No repository has the old pin any more: an error with a hint, and nothing changes."""
    rewrite(world)
    world.history.write()
    prune(world.upstream)
    shutil.rmtree(cache, ignore_errors=True)
    before = world.everything()
    answer = world.npuport("rebase", "--to", "main")
    assert answer.code == 1
    assert read_lock(world.layout.lock).commit[:12] in answer.data["error"]
    assert answer.data["hint"]
    assert world.everything() == before


def test_force_pushed_with_a_conflict(world: World) -> None:
    """There is no history between the two to search; what both hold is compared all the same."""
    world.history.branch("anew", orphan=True)
    world.history.commit("Start over", dict(world.history.files))
    world.history.edit("Seed one GPU", SEEDED, LINE, "    torch.cuda.manual_seed(seed)\n")
    world.history.force("main")
    data = world.rebase(conflict(SEEDED, 1))
    assert data["history"]


def test_branch_of_another_root(world: World) -> None:
    world.history.branch("next", orphan=True)
    world.history.commit("Start over", dict(world.history.files))
    world.history.insert("Explain", SEEDED, 5)
    data = world.rebase(moved(5), *CLEAN[1:], to="next")
    assert data["history"]


def test_backwards(world: World) -> None:
    """To an older pin, and back again."""
    world.history.insert("Explain", SEEDED, 5)
    new = world.history.write()
    old = read_lock(world.layout.lock).commit
    patches = world.patches
    world.rebase(moved(5), *CLEAN[1:])
    files = dict(world.history.files)
    world.history.files.update(START)
    data = world.rebase(moved(-5), *CLEAN[1:], to=old)
    assert data["history"]
    assert list(world.patches.values()) == list(patches.values())
    world.history.files.update(files)
    world.rebase(moved(5), *CLEAN[1:], to=new)


def test_to_a_tag_that_moves(world: World) -> None:
    world.history.insert("Explain", SEEDED, 5)
    world.history.tag("v2")
    world.rebase(moved(5), *CLEAN[1:], to="v2")
    world.history.insert("Explain more", SEEDED, 2)
    world.history.tag("v2")
    world.rebase(moved(2), *CLEAN[1:], to="v2")


def test_to_an_annotated_tag(world: World) -> None:
    world.history.insert("Explain", SEEDED, 5)
    tip = world.history.write()
    git(world.upstream, "tag", "-a", "-m", "Release", "v2", "main")
    data = world.rebase(moved(5), *CLEAN[1:], to="v2")
    assert data["new"]["commit"]["id"] == tip
    assert data["new"]["ref"] == "v2"


def test_to_a_full_id_that_no_branch_leads_to(world: World, cache: Path) -> None:
    world.history.branch("topic")
    world.history.insert("Explain", SEEDED, 5)
    tip = world.history.write()
    world.npuport("rebase", "--to", "topic", "--dry-run")
    git(world.upstream, "update-ref", "-d", "refs/heads/topic")
    answer = world.npuport("rebase", "--to", tip)
    assert (answer.code, answer.data["published"]) == (0, True)


def test_to_an_abbreviated_id(world: World) -> None:
    world.history.insert("Explain", SEEDED, 5)
    tip = world.history.write()
    data = world.rebase(moved(5), *CLEAN[1:], to=tip[:12])
    assert data["new"]["commit"]["id"] == tip


@pytest.mark.parametrize(
    "ref", ["v9.9", "0" * 40, "main~1000", "-x", "--upload-pack=touch", "", "a b", "HEAD^{tree}"]
)
def test_no_such_ref(world: World, ref: str) -> None:
    before = world.everything()
    world.capture.readouterr()
    answer = world.npuport("rebase", f"--to={ref}")
    assert answer.code == 1
    assert answer.data["hint"]
    assert world.everything() == before


def test_offline(world: World) -> None:
    """What the cache has is used; what it lacks is an error."""
    world.history.insert("Explain", SEEDED, 5)
    tip = world.history.write()
    assert "error" in world.npuport("rebase", "--to", tip, "--offline").data
    world.npuport("rebase", "--to", "main", "--dry-run")
    away = world.upstream.rename(world.root / "away.git")
    answer = world.npuport("rebase", "--to", "main", "--offline")
    assert (answer.code, answer.data["published"]) == (0, True)
    away.rename(world.upstream)


def test_upstream_out_of_reach(world: World) -> None:
    world.npuport("port")
    world.upstream.rename(world.root / "away.git")
    before = world.everything()
    answer = world.npuport("rebase", "--to", "main")
    assert (answer.code, "cannot fetch" in answer.data["error"]) == (1, True)
    assert world.everything() == before


def test_mirror(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.history.insert("Explain", SEEDED, 5)
    world.history.write()
    (world.root / "mirrors").mkdir()
    world.upstream.rename(world.root / "mirrors/upstream.git")
    world.history.repository = world.root / "mirrors/upstream.git"
    monkeypatch.setenv("NPUPORT_MIRROR", str(world.root / "mirrors"))
    world.rebase(moved(5), *CLEAN[1:])


@pytest.mark.parametrize("depth", [4, 2], ids=["both pins", "not the old pin"])
def test_shallow_mirror(world: World, cache: Path, monkeypatch: pytest.MonkeyPatch, depth: int) -> None:
    """Deep enough, it is used; too shallow, the error names the missing commit."""
    for number in range(3):
        world.history.insert(f"Explain {number}", SEEDED, 5)
    tip = world.history.write()
    shallow = world.root / "mirrors/upstream.git"
    shallow.parent.mkdir()
    options = ("--quiet", "--bare", f"--depth={depth}", f"file://{world.upstream}", str(shallow))
    git(world.root, "clone", *options)
    monkeypatch.setenv("NPUPORT_MIRROR", str(shallow.parent))
    shutil.rmtree(cache, ignore_errors=True)
    before = world.everything()
    answer = world.npuport("rebase", "--to", "main")
    if depth == 2:
        assert answer.code == 1
        assert answer.data["hint"]
        assert world.everything() == before
    else:
        assert answer.code == 0, answer
        assert [v["kind"] for v in answer.data["verdicts"]] == ["moved", "clean", "clean", "clean"]
        assert len(answer.data["log"]) == 3
        assert read_lock(world.layout.lock).commit == tip
        assert world.npuport("verify").code == 0


def test_shallow_mirror_and_a_full_cache(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The cache has the old pin from before; the mirror, one commit deep, has only the new one."""
    world.npuport("port")
    for number in range(3):
        world.history.insert(f"Explain {number}", SEEDED, 5)
    world.history.write()
    shallow = world.root / "mirrors/upstream.git"
    shallow.parent.mkdir()
    git(world.root, "clone", "--quiet", "--bare", "--depth=1", f"file://{world.upstream}", str(shallow))
    monkeypatch.setenv("NPUPORT_MIRROR", str(shallow.parent))
    before = world.everything()
    answer = world.npuport("rebase", "--to", "main")
    if answer.code == 0:
        assert answer.data["history"]
        assert [v["kind"] for v in answer.data["verdicts"]] == ["moved", "clean", "clean", "clean"]
        assert world.npuport("verify").code == 0
    else:
        assert "shallow" in answer.data["error"] + answer.data["hint"]
        assert world.everything() == before


def test_branch_and_tag_with_shallow_in_their_names(world: World) -> None:
    world.history.insert("Explain", SEEDED, 5)
    world.history.write()
    git(world.upstream, "branch", "fix-shallow-copy")
    git(world.upstream, "tag", "shallow-1")
    world.rebase(moved(5), *CLEAN[1:])


def test_full_id_is_that_commit_and_not_the_branch_of_that_name(world: World) -> None:
    world.history.insert("Explain", SEEDED, 5)
    wanted = world.history.write()
    other = git(world.upstream, "commit-tree", f"{wanted}^{{tree}}", "-p", f"{wanted}~1", "-m", "Another")
    git(world.upstream, "update-ref", f"refs/heads/{wanted}", other)
    assert world.npuport("rebase", "--to", wanted).code == 0
    lock = read_lock(world.layout.lock)
    assert (lock.commit, lock.branch) == (wanted, "main")


def test_empty_series(world: World) -> None:
    world.carry([])
    world.history.insert("Explain", SEEDED, 5)
    data = world.rebase()
    assert data["verdicts"] == []


def test_series_with_comments(world: World) -> None:
    """Comments of the user in the series stay."""
    series = world.layout.patches / "series"
    first, *rest = series.read_text().splitlines(keepends=True)
    series.write_text("# Seeds first.\n" + first + "\n# The model.\n" + "".join(rest))
    world.history.insert("Explain", SEEDED, 5)
    answer = world.attempt()
    assert answer.data["published"]
    assert "# Seeds first.\n" + first in series.read_text()
    assert "# The model.\n" in series.read_text()


def test_old_port_is_broken(world: World) -> None:
    """A series that is not the lock's is not carried anywhere."""
    name = next(iter(world.patches))
    (world.layout.patches / name).write_bytes(world.patches[name] + b"-- \nx\n")
    world.history.insert("Explain", SEEDED, 5)
    before = world.everything()
    answer = world.attempt()
    assert (answer.code, name in answer.data["error"]) == (1, True)
    assert "refresh" in answer.data["hint"]
    assert world.everything() == before


def prune(repository: Path) -> None:
    """Lose what no branch or tag leads to."""
    git(repository, "update-ref", "-d", "refs/heads/anew")
    git(repository, "reflog", "expire", "--expire=now", "--all")
    git(repository, "gc", "--quiet", "--prune=now")
