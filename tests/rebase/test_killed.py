"""Killed at any step: the old port or the new one, to the byte; and the next command puts all else right.

The port is `patches/`, `upstream.lock` and `CHANGELOG.md` together. Each command is let run once to know the
new port; then, from the same start, it is killed before its first step, its second, and so on to its end.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from npuport.base.places import HARNESS
from npuport.port.lock import read_lock
from worlds.disagreement import SEEDED, disagree, resolution, stop
from worlds.port import TOOLS, git
from worlds.rebase import World

State = dict[str, bytes]


@dataclass(frozen=True)
class Command:
    """A command that changes the port.

    Args:
        prepare: what is done before it.
        words: its arguments.
        finish: what the user does after the kill, besides running it again.
    """

    prepare: Callable[[World], object]
    words: tuple[str, ...]
    finish: tuple[tuple[str, ...], ...] = ()


def shift(world: World) -> None:
    """All patches will be clean or moved."""
    world.history.insert("Explain", SEEDED, 5)
    world.history.insert("Explain", "lumen/rotary.py", 7)
    world.history.write()


def resolve(world: World) -> None:
    """A conflict, resolved and not yet continued."""
    stop(world)
    world.resolve({SEEDED: resolution(world)})


def wait_to_move(world: World) -> None:
    """The pin moved by hand: two patches want new line numbers."""
    shift(world)
    pin = read_lock(world.layout.lock).commit
    text = world.layout.lock.read_text().partition("license:")[0]
    tip = git(world.upstream, "rev-parse", "main")
    world.layout.lock.write_text(re.sub("  tree:.*", "", text.replace(pin, tip)))


def commit_in_the_tree(world: World) -> None:
    """The user has fixed something where it runs."""
    assert world.npuport("port").code == 0
    tree = world.layout.ported.resolve()
    path = tree / SEEDED
    path.write_bytes(path.read_bytes().replace(b'"""Seeds."""', b'"""Seeds, on any device."""'))
    git(tree, "commit", "--quiet", "--all", "-m", "Say where", "-m", "It is not only CUDA.")


START = ("rebase", "--to", "main")
COMMANDS = {
    "start": Command(shift, START),
    "continue": Command(resolve, ("rebase", "--continue")),
    "skip": Command(stop, ("rebase", "--skip"), (("rebase", "--continue"),)),
    "abort": Command(stop, ("rebase", "--abort")),
    "refresh after the pin moved": Command(wait_to_move, ("refresh",)),
    "refresh after a commit in the tree": Command(commit_in_the_tree, ("refresh",)),
    "drop": Command(lambda world: None, ("drop", "0003-Run-the-tools-on-any-accelerator.patch")),
}


@dataclass
class Trial:
    """A command on a port, again and again from the same start."""

    world: World
    command: Command
    start: Path

    def begin(self) -> None:
        """The start, anew."""
        if self.start.exists():
            shutil.rmtree(self.world.root)
        else:
            self.command.prepare(self.world)
            self.world.root.rename(self.start)
        shutil.copytree(self.start, self.world.root, symlinks=True)

    def state(self) -> State:
        """The port."""
        kept = ("patches/", "upstream.lock", "CHANGELOG.md")
        return {path: data for path, data in self.world.state().items() if path.startswith(kept)}

    def run(self, step: str, *codes: int) -> int:
        """Run the command to a step, in a process of its own; it ends well, killed, or with these codes."""
        words = [sys.executable, "-m", "worlds.deadly", step]
        root = ["--port", str(self.world.layout.root)]
        environment = os.environ | {
            "PYTHONPATH": f"{TOOLS}{os.pathsep}{HARNESS / 'tests'}",
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        command = [*words, *root, *self.command.words]
        done = subprocess.run(command, env=environment, capture_output=True, timeout=60)
        assert done.returncode in (0, -signal.SIGKILL, *codes), done.stderr.decode()
        return done.returncode

    def check(self, old: State, new: State, step: object) -> None:
        """Old or new, after any command; then the command again, and it is new, and nothing is left over."""
        self.world.npuport("status")
        state = self.state()
        third = [path for path in sorted(state) if state[path] not in (old.get(path), new.get(path))]
        assert state in (old, new), f"killed at step {step}: {third or 'a mixture of both'}"
        self.world.npuport(*self.command.words)
        for words in self.command.finish:
            if self.state() != new:
                self.world.npuport(*words)
        assert self.state() == new, f"killed at step {step}, and not put right by the next"
        assert set(self.world.state()) == set(new), f"killed at step {step}, and something is left behind"
        assert not self.world.tree.exists()
        assert self.world.npuport("port").code == 0
        assert self.world.npuport("verify").code == 0
        assert not list(self.world.layout.out.glob(".staging-*")), f"killed at step {step}"

    def outcome(self) -> tuple[State, State]:
        """The old port, and the new one when nobody is killed."""
        self.begin()
        old = self.state()
        assert self.run("100000") == 0
        return old, self.state()


@pytest.fixture(params=COMMANDS)
def trial(request: pytest.FixtureRequest, world: World) -> Trial:
    return Trial(world, COMMANDS[request.param], world.root.with_name("start"))


@pytest.mark.slow
def test_killed_at_every_step(trial: Trial) -> None:
    old, new = trial.outcome()
    step = 0
    alive = False
    while not alive:
        step += 1
        trial.begin()
        alive = trial.run(str(step)) == 0
        trial.check(old, new, step)
    assert step > (2 if trial.command.words[-1] == "--abort" else 30), "too few steps to be sure"


@pytest.mark.parametrize("step", [0, 1, 2, 4])
def test_killed_while_publishing(world: World, step: int) -> None:
    """The thin version: the steps from the decisive rename on."""
    trial = Trial(world, COMMANDS["continue"], world.root.with_name("start"))
    old, new = trial.outcome()
    assert old != new
    trial.begin()
    assert trial.run(f".publication+{step}") == -signal.SIGKILL
    trial.check(old, new, step)


@pytest.mark.slow
def test_killed_on_the_way_into_a_conflict(world: World) -> None:
    """The port is the old one all along; the session stands whole or not at all."""
    trial = Trial(world, Command(disagree_and_write, START), world.root.with_name("start"))
    trial.begin()
    old = trial.state()
    for step in range(1, 200):
        trial.begin()
        code = trial.run(str(step), 1)
        world.npuport("status")
        assert trial.state() == old
        if world.npuport("rebase", "--status").data.get("session") is None:
            world.npuport(*START)
        world.resolve({SEEDED: resolution(world)})
        done = world.npuport("rebase", "--continue")
        assert done.data["published"], (step, done)
        if code != -signal.SIGKILL:
            break
    assert step > 20


def disagree_and_write(world: World) -> None:
    """Upstream has changed a patch's line."""
    disagree(world)
    world.history.write()
