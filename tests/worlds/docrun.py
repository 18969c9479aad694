"""Run the commands of a page in a fresh clone, and compare what they print with the page.

As a program it writes the outputs into the pages:
`PYTHONPATH=tests python -m worlds.docrun docs/tutorial.md`.
"""

import doctest
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from npuport.base.places import HARNESS, cache_dir
from worlds.docpages import Block, Command, Page

#: No command of a page takes longer, in seconds.
LIMIT = 420

_MARK = "--end of command--"
#: What differs between two runs or two machines, and what replaces it before the comparison.
_VARYING = (
    (re.compile(r"\b\d+(?:\.\d+)?(?: min \d+)? ?(?:s|ms|min)\b"), "N s"),  # how long it took
    (re.compile(r"(?<=pass)( +)\d+\.\d\d |(?<=largest ratio )\d+\.\d\d"), "N "),  # how a CPU rounds
    (re.compile(r"^(\[W\d{4} |Warning: ASCEND_HOME_PATH).*\n", re.M), ""),  # torch_npu prints it in some runs
    (re.compile(r"\w{3}, \d+ \w{3} \d{4} [\d:]{8} [+-]\d{4}|\b\d{4}-\d\d-\d\d\b"), "DATE"),
    (re.compile(r"[ \t]+$", re.M), ""),
)


@dataclass(frozen=True)
class Ran:
    """A command that ran: its exit code, and its stdout and stderr in one."""

    command: Command
    code: int
    printed: str


def clone(home: Path) -> Path:
    """Clone HEAD into `home`, with the environment and the cache of this repository."""
    directory = home / "npuport"
    subprocess.run(["git", "clone", "--quiet", str(HARNESS), str(directory)], check=True, capture_output=True)
    (home / ".gitconfig").write_text(
        "[user]\n\tname = Ada Lovelace\n\temail = ada@example.org\n"
        "[init]\n\tdefaultBranch = main\n[advice]\n\tdetachedHead = false\n"
    )
    _environment(directory)
    _cache(directory / ".cache")
    return directory


def _environment(directory: Path) -> None:
    binaries = directory / ".venv" / "bin"
    binaries.mkdir(parents=True)
    for program in (Path(sys.prefix) / "bin").iterdir():
        if not program.name.startswith(("python", "npuport", "activate")):
            (binaries / program.name).symlink_to(program)
    # A Python started by a link takes the clone for its environment, and so does not find torch.
    for name, words in (("python", ""), ("python3", ""), ("npuport", " -m npuport")):
        (binaries / name).write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)}{words} "$@"\n')
        (binaries / name).chmod(0o755)
    (binaries / "activate").write_text(f"PATH={shlex.quote(str(binaries))}:$PATH\n")
    code = "import sys; sys.path.insert(0, 'tools'); import bootstrap; print(bootstrap.state())"
    state = subprocess.run(
        [sys.executable, "-B", "-c", code], cwd=directory, check=True, capture_output=True, text=True
    )
    (directory / ".venv" / ".npuport-made").write_text("has its own torch")
    (directory / ".venv" / ".npuport-dev").write_text(state.stdout.strip())


def _cache(directory: Path) -> None:
    """Link what this repository's cache has; new entries are deleted with the test."""
    for shared in ("upstream", "captures"):
        (directory / shared).mkdir(parents=True)
    for entry in (*cache_dir().glob("*"), *cache_dir().glob("*/*")):
        target = directory / entry.relative_to(cache_dir())
        if entry.is_dir() and not target.exists():  # locks are files, and not shared
            target.symlink_to(entry)


class Shell:
    """A bash that keeps its directory and variables from command to command, its stdin empty."""

    def __init__(self, directory: Path) -> None:
        self._home = home = directory.parent
        dropped = ("GIT_", "PYTEST_", "NPUPORT_", "PYTHON", "VIRTUAL_ENV", "COLUMNS", "LINES")
        kept = {k: v for k, v in os.environ.items() if not k.startswith(dropped)}
        kept |= {k: v for k, v in os.environ.items() if k.startswith(("GIT_SSL", "NPUPORT_MIRROR"))}
        environment = kept | {
            "HOME": str(home),
            "PATH": f"{directory / '.venv' / 'bin'}:{kept['PATH']}",
            "PYTHONPATH": str(directory / "tools"),
            "PYTHONDONTWRITEBYTECODE": "1",
            "COLUMNS": "110",
            "LC_ALL": "C.UTF-8",
            "TZ": "UTC",
        }
        self._file = home / ".command"
        self._bash = subprocess.Popen(
            ["bash", "--noprofile", "--norc"],
            cwd=directory,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._kill()
        self._bash.communicate()

    def _kill(self) -> None:
        try:
            os.killpg(self._bash.pid, signal.SIGKILL)
        except ProcessLookupError:
            return

    @property
    def directory(self) -> Path:
        """The working directory of the shell."""
        return Path(self.run(Command(0, "pwd")).printed.strip().replace("~", str(self._home)))

    def run(self, command: Command) -> Ran:
        """Run one command; one that takes longer than `LIMIT` is killed with the shell."""
        assert self._bash.stdin is not None
        assert self._bash.stdout is not None
        self._file.write_text(command.text + "\n")
        timer = threading.Timer(LIMIT, self._kill)
        timer.start()
        try:
            print(
                f". {shlex.quote(str(self._file))} </dev/null; __code=$?; "
                f"printf '\\n%s %s\\n' {shlex.quote(_MARK)} $__code; (exit $__code)",
                file=self._bash.stdin,
                flush=True,
            )
            printed: list[str] = []
            for line in self._bash.stdout:
                if line.startswith(_MARK):
                    return Ran(command, int(line.split()[-1]), self._clean("".join(printed)[:-1]))
                printed.append(line)
        except BrokenPipeError:
            printed = []
        finally:
            timer.cancel()
        return Ran(command, 137, self._clean("".join(printed)) + f"(killed after {LIMIT} s)\n")

    def _clean(self, printed: str) -> str:
        """The output without the paths of this run."""
        return printed.replace(f"{self._file}: line ", "line ").replace(str(self._home), "~")


def same(expected: str, printed: str) -> bool:
    """Whether an output is the one of the page, without what differs from run to run."""
    for pattern, word in _VARYING:
        expected, printed = pattern.sub(word, expected), pattern.sub(word, printed)
    return doctest.OutputChecker().check_output(expected.rstrip(), printed.rstrip(), doctest.ELLIPSIS)


def run(page: Page, home: Path, proved: frozenset[str] = frozenset()) -> Iterator[tuple[Block, Ran]]:
    """Run a page in an empty home; yield each command when it has ended.

    Args:
        proved: commands to leave out, because CI runs them itself.
    """
    with Shell(clone(home)) as shell:
        for block in page.blocks:
            if block.is_file and not block.marks:
                file = shell.directory / block.title
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(block.text)
            for text in block.before:
                yield block, shell.run(Command(block.line, text))
            for command in block.commands:
                if not command.reason and command.bare not in proved:
                    yield block, shell.run(command)


def faults(page: Page, home: Path, proved: frozenset[str] = frozenset()) -> list[str]:
    """The differences between a page and its outputs, with their places, up to the first failure."""
    differences: list[str] = []
    failed: Ran | None = None
    for _, ran in run(page, home, proved):
        where = f"{page.name}:{ran.command.line}: $ {ran.command.text}"
        if failed and ran.command.bare != "echo $?":
            break
        failed = ran if ran.code else None
        if ran.command.output is not None and not same(ran.command.output, ran.printed):
            differences.append(f"{where}\nsays\n{ran.command.output}prints\n{ran.printed}")
    if failed:
        where = f"{page.name}:{failed.command.line}: $ {failed.command.text}"
        differences.append(
            f"{where}\nends with {failed.code}, and no `echo $?` below shows that\n{failed.printed}"
        )
    return differences


def rewritten(page: Page, home: Path, proved: frozenset[str] = frozenset()) -> str:
    """The text of the page with the outputs of its commands; one that agrees keeps its ellipses."""
    lines = page.text.split("\n")
    done = list(run(page, home, proved))
    for block, ran in reversed(done):
        print(f"{page.name}:{ran.command.line}: {ran.code} $ {ran.command.text}", file=sys.stderr)
        if ran.command.output is None or same(ran.command.output, ran.printed):
            continue
        start = ran.command.line + ran.command.text.count("\n")
        end = start + ran.command.output.count("\n")
        printed = ran.printed.rstrip("\n")
        lines[start:end] = [" " * block.indent + line for line in printed.split("\n")] if printed else []
    return "\n".join(lines)


if __name__ == "__main__":
    from worlds.docproof import PROVED

    for argument in sys.argv[1:]:
        named = Page(HARNESS, argument)
        scratch = Path(tempfile.mkdtemp(prefix="docs-"))
        try:
            text = rewritten(named, scratch, PROVED)
        finally:
            shutil.rmtree(scratch)
        (HARNESS / argument).write_text(text, encoding="utf-8")
