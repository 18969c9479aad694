"""Random upstreams and series, compared with `git rebase` of the same commits.

Where git rebases without a conflict, npuport ends in the same tree. Where git stops, npuport stops at the
same patch. What it publishes is a port that applies exactly.
"""

import random
import subprocess
from pathlib import Path

import pytest

from npuport.port.lock import read_lock
from worlds.lumen import START
from worlds.port import git
from worlds.rebase import World
from worlds.standin import Edit

PATHS = ("lumen/seeding.py", "lumen/rotary.py", "lumen/blocks.py", "tools/rebuild.py", "tools/evaluate.py")


def change(dice: random.Random, text: str, mark: str) -> str:
    """One edit, of the kinds that people make."""
    lines = text.splitlines(keepends=True)
    at = dice.randrange(len(lines))
    size = dice.randint(1, 6)
    kind = dice.choice(("insert", "change", "delete", "copy", "move", "double"))
    if kind == "insert":
        lines[at:at] = [f"# {mark} {n}\n" for n in range(size)]
    elif kind == "change":
        lines[at] = f"{lines[at].rstrip()}  # {mark}\n"
    elif kind == "delete" and len(lines) > 30:
        del lines[at : at + size]
    elif kind == "copy":
        to = dice.randrange(len(lines))
        lines[to:to] = lines[at : at + 3 * size]
    elif kind == "move":
        block = lines[at : at + 3 * size]
        del lines[at : at + 3 * size]
        to = dice.randrange(len(lines) + 1)
        lines[to:to] = block
    else:
        lines[at:at] = [lines[at]]
    return "".join(lines)


def make_series(dice: random.Random) -> list[Edit]:
    """Patches of the files, some on top of others."""
    tree, edits = dict(START), []
    for number in range(dice.randint(2, 6)):
        whole: dict[str, str | None] = {}
        for path in dice.sample(PATHS, dice.randint(1, 2)):
            text = tree[path].decode()
            new = change(dice, text, f"ours {number}")
            if new != text:
                whole[path] = new
        if dice.random() < 0.2:
            whole[f"lumen/ours_{number}.py"] = f"OURS = {number}\n"
        if whole:
            edits.append(Edit(f"Change {number}", {}, whole=whole))
            tree = edits[-1].apply(tree)
    return edits


def go_on(world: World, dice: random.Random, edits: list[Edit]) -> None:
    """What upstream does: edits, renames, and now and then a patch of ours."""
    history = world.history
    names = {path: path for path in PATHS}
    for number in range(dice.randint(1, 8)):
        path = dice.choice(PATHS)
        if dice.random() < 0.12:
            new = f"{names[path].removesuffix('.py')}_{number}.py"
            history.rename(f"Rename {number}", names[path], new)
            names[path] = new
        elif dice.random() < 0.3 and not any(names[p] != p for p in PATHS):
            taken = dice.choice(edits).apply(START)
            new = [path for path in taken if START.get(path) not in (taken[path], None)]
            there = [path for path in new if history.files[path] == START[path]]
            history.commit(f"Take {number}", {path: taken[path] for path in there})
        else:
            text = history.text(names[path])
            history.commit(f"Edit {number}", {names[path]: change(dice, text, f"theirs {number}")})


def rebase_by_git(world: World, scratch: Path) -> tuple[str, int]:
    """The tree that git ends in, empty where it stops; and how many patches it got through."""
    old = read_lock(world.layout.lock).commit
    git(scratch.parent, "clone", "--quiet", str(world.upstream), str(scratch))
    git(scratch, "checkout", "--quiet", "--detach", old)
    git(scratch, "am", "--quiet", *(str(world.layout.patches / name) for name in world.patches))
    person = ["-c", "user.name=x", "-c", "user.email=x@x"]
    command = ["git", *person, "rebase", "--quiet", "--onto", "origin/main", old]
    if subprocess.run(command, cwd=scratch, capture_output=True, check=False).returncode == 0:
        return git(scratch, "rev-parse", "HEAD^{tree}"), len(world.patches)
    picked = (scratch / ".git/rebase-merge/done").read_text().splitlines()
    return "", len([line for line in picked if line.startswith("pick")]) - 1


SEEDS = [*range(8), *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(8, 60))]


@pytest.mark.parametrize("seed", SEEDS)
def test_like_git_rebase(world: World, tmp_path: Path, seed: int) -> None:
    dice = random.Random(seed)
    edits = make_series(dice)
    world.carry(edits)
    go_on(world, dice, edits)
    world.history.write()
    tree, through = rebase_by_git(world, tmp_path / "git")
    before = world.state()
    data = world.npuport("rebase", "--to", "main").data
    assert "error" not in data, data
    kinds = [verdict["kind"] for verdict in data["verdicts"]]
    if data["published"]:
        assert world.npuport("verify").code == 0
        assert world.npuport("refresh", "--check").code == 0
        assert tree == read_lock(world.layout.lock).ported_tree, f"{kinds}: git stopped, or has another tree"
    else:
        assert world.state() == before
        assert not tree, f"{kinds}: git needs no decision"
        assert len(kinds) == through + 1, f"{kinds}: git got through {through}"
