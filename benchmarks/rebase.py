"""What `npuport rebase`, `refresh` and `rebase --bisect` cost over git by hand, in one run, taken in turns.

    .venv/bin/python benchmarks/rebase.py [--rounds N] [--patches N] [--commits N] [--profile]

The histories are made up: a package of some hundred files, a series of patches, upstream's commits on top
of the pin. Once none of those touches a patched file, once they shift the lines of every one of them; no
patch needs a person. Each figure is a whole process, Python's start and all, and a median. By hand, the same
patches are commits of a branch, and `git rebase` has everything it needs in one repository.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from npuport.base.places import HARNESS
from npuport.port.layout import Layout

sys.path.insert(0, str(HARNESS / "tests"))

from timing import HAND, interleaved

from worlds.histories import History, make_repository
from worlds.lumen import BLOCKS, Tree
from worlds.port import git
from worlds.rebase import files_below, write_port
from worlds.standin import Edit

FILES = 150


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--patches", type=int, default=200)
    parser.add_argument("--commits", type=int, default=1000)
    parser.add_argument("--profile", action="store_true", help="tell where npuport's time goes, and no more")
    args = parser.parse_args()
    os.environ["PYTHONPATH"] = str(HARNESS / "tools")
    os.environ.pop("NPUPORT_MIRROR", None)
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # as for a user
    print(f"{args.patches} patches, {args.commits} upstream commits, {FILES} files, {os.cpu_count()} cores")
    for variant in ("untouched", "shifted", "broken"):
        with tempfile.TemporaryDirectory() as scratch:
            os.environ["NPUPORT_CACHE"] = str(Path(scratch) / "cache")
            bench = Bench(Path(scratch), variant, args.patches, args.commits)
            if args.profile:
                bench.profile()
            elif variant == "broken":
                bench.bisect()
            else:
                bench.rebase(args.rounds)
                bench.refresh(args.rounds)


class Bench:
    """An upstream, a port of it at its start, and the same series as a branch for git."""

    def __init__(self, scratch: Path, variant: str, patches: int, commits: int) -> None:
        self.variant = variant
        self.layout = Layout(scratch / "port")
        self.hand = scratch / "hand"
        self.start = scratch / "start"
        upstream = scratch / "upstream.git"
        files: Tree = {"LICENSE": b"Do as you please.\n"}
        files |= {
            f"lumen/part_{n:03}.py": BLOCKS.replace("heads", f"heads_{n}").encode() for n in range(FILES)
        }
        edits = series(patches)
        self.old = make_repository(upstream, files)
        write_port(self.layout, scratch / "workshop.git", files, edits)
        self.breaks = sorted({2, commits // 3, commits // 2, commits - 1, commits})
        self.new = grow(upstream, files, commits, variant, self.breaks)
        self.npuport("rebase", "--to", self.new, "--dry-run", fine=1)  # it fetches; nothing is, by hand
        self.npuport("port")
        shutil.copytree(self.layout.root, self.start, symlinks=True)
        git(scratch, "clone", "--quiet", str(upstream), str(self.hand))
        git(self.hand, "checkout", "--quiet", "--detach", self.old)
        names = (self.layout.patches / "series").read_text().split()
        git(self.hand, "am", "--quiet", *(str(self.layout.patches / name) for name in names))
        self.top = git(self.hand, "rev-parse", "HEAD")

    def npuport(self, *words: str, fine: int = 0) -> dict[str, Any]:
        """Run a command in a process of its own; it ends with 0, or with what is fine besides."""
        command = [sys.executable, "-m", "npuport", "--port", str(self.layout.root), *words, "--json"]
        done = subprocess.run(command, capture_output=True, check=False)
        if done.returncode not in (0, fine):
            raise SystemExit(f"npuport {' '.join(words)}: {done.stdout.decode()}{done.stderr.decode()}")
        answer: dict[str, Any] = json.loads(done.stdout)
        return answer

    def reset(self) -> None:
        """Both as they were."""
        shutil.rmtree(self.layout.root)
        shutil.copytree(self.start, self.layout.root, symlinks=True)
        git(self.hand, "checkout", "--quiet", "--detach", self.top)
        os.sync()

    def rebase(self, rounds: int) -> None:
        """`npuport rebase` over `git rebase`."""
        kinds: list[str] = []

        def ours() -> None:
            kinds[:] = [verdict["kind"] for verdict in self.npuport("rebase", "--to", self.new)["verdicts"]]

        def theirs() -> None:
            command = ["git", "rebase", "--quiet", "--onto", self.new, self.old]
            subprocess.run(command, cwd=self.hand, check=True, env=os.environ | HAND, capture_output=True)

        mine, by_hand = interleaved(rounds, self.reset, ours, theirs)
        told = ", ".join(f"{kinds.count(kind)} {kind}" for kind in sorted(set(kinds)))
        self.tell("git rebase", by_hand)
        self.tell(f"npuport rebase ({told})", mine, by_hand)

    def refresh(self, rounds: int) -> None:
        """`npuport refresh` where there is nothing to refresh, over one `git format-patch`."""
        self.reset()
        before = files_below(self.layout.root, but="out")

        def theirs() -> None:
            target = self.hand.with_name("formatted")
            command = [
                "git",
                "format-patch",
                "--quiet",
                "--full-index",
                f"--output-directory={target}",
                self.old,
            ]
            subprocess.run(command, cwd=self.hand, check=True, env=os.environ | HAND, capture_output=True)

        mine, by_hand = interleaved(3 * rounds, lambda: None, lambda: self.npuport("refresh"), theirs)
        same = files_below(self.layout.root, but="out") == before
        self.tell("git format-patch", by_hand)
        self.tell(f"npuport refresh ({'no byte changes' if same else 'BYTES CHANGE'})", mine, by_hand)

    def bisect(self) -> None:
        """How many tries it takes to find the commit at which a patch stops to apply."""
        names = (self.layout.patches / "series").read_text().split()
        for part, at in enumerate(self.breaks):
            started = time.perf_counter()
            answer = self.npuport("rebase", "--bisect", names[part], "--to", self.new, fine=1)
            took = time.perf_counter() - started
            found = answer["first_bad"]["commit"]["subject"] == f"Break {part}"
            tries = f"{len(answer['tries'])} tries, {'found' if found else 'NOT THAT ONE'}"
            what = f"npuport rebase --bisect, broken at commit {at}"
            print(f"{what:56} {took:7.3f} s  {tries}", flush=True)

    def profile(self) -> None:
        """The costliest functions of one rebase, and of one refresh."""
        for words in (["refresh"], ["rebase", "--to", self.new]):
            self.reset()
            command = [sys.executable, "-m", "cProfile", "-s", "cumulative", "-m", "npuport"]
            done = subprocess.run(
                [*command, "--port", self.layout.root, *words], capture_output=True, text=True
            )
            print(f"\n{self.variant}: npuport {words[0]}", *done.stdout.splitlines()[:70], sep="\n")

    def tell(self, what: str, seconds: float, over: float | None = None) -> None:
        """One figure."""
        ratio = f"  {seconds / over:5.2f} x" if over else ""
        print(f"{f'{what}, {self.variant}':56} {seconds:7.3f} s{ratio}", flush=True)


def series(count: int) -> list[Edit]:
    """Patches of a file each, at one of three places of it, so that some files have two."""
    places = ("torch.autocast(", "nn.Parameter(", "self.shrink(")
    edits = []
    for number in range(count):
        old = places[number // FILES % len(places)]
        new = f"{old}*extra_{number}, "
        edits.append(Edit(f"Change part {number}", {f"lumen/part_{number % FILES:03}.py": ((old, new),)}))
    return edits


def grow(upstream: Path, files: Tree, commits: int, variant: str, breaks: Sequence[int]) -> str:
    """Upstream's commits after the pin."""
    history = History.of(upstream, files)
    history.commit("Have notes", {f"notes/{number:02}.md": "Notes.\n" for number in range(40)})
    for number in range(2, commits + 1):
        part = f"lumen/part_{number % FILES:03}.py"
        if variant == "broken" and number in breaks:
            broken = breaks.index(number)
            history.edit(f"Break {broken}", f"lumen/part_{broken:03}.py", "autocast(", "autocast_(")
        else:
            path = part if variant == "shifted" else f"notes/{number % 40:02}.md"
            history.insert(f"Note {number}", path, 1 + number % 3)
    return history.write()


if __name__ == "__main__":
    main()
