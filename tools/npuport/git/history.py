"""Upstream's history between two commits: what each commit changed, and the changes of one file."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from npuport import git
from npuport.base.schema import GitId


@dataclass(frozen=True)
class UpstreamCommit:
    """An upstream commit as reports name it.

    Args:
        id: 40 hex digits.
        date: of its author, YYYY-MM-DD; empty where the commit is lost.
        author: the name.
        subject: the first line of the message.
    """

    id: GitId
    date: str
    author: str
    subject: str

    def __str__(self) -> str:
        return f"{self.id[:12]} ({self.date}, {self.author}: {self.subject})"


@dataclass(frozen=True)
class DiffEntry:
    """A file changed by a commit: git's letter (A, M, D, R, C, T), paths and blobs before and after."""

    letter: str
    old: str
    new: str
    old_oid: str
    new_oid: str


@dataclass(frozen=True)
class HistoryStep:
    """A commit, its parents, and what it changed against the first of them."""

    commit: UpstreamCommit
    parents: tuple[str, ...]
    changes: tuple[DiffEntry, ...]


def between(repository: Path, old: str, new: str) -> tuple[UpstreamCommit, ...]:
    """The commits that are in `new` and not in `old`, newest first."""
    return tuple(step.commit for step in _read(git.log(repository, old, new)))


def steps(repository: Path, old: str, new: str) -> tuple[HistoryStep, ...]:
    """The commits after `old` up to `new` along first parents, oldest first, each with what it changed."""
    options = ("--first-parent", "-m", "--reverse", "--raw", "--no-abbrev", "-M")
    return tuple(_read(git.log(repository, old, new, *options)))


def first_parents(repository: Path, old: str, new: str) -> tuple[UpstreamCommit, ...]:
    """The commits of `steps`, without what they changed."""
    return tuple(step.commit for step in _read(git.log(repository, old, new, "--first-parent", "--reverse")))


def describe(repository: Path, commit: str) -> UpstreamCommit:
    """A commit with its date, author and subject."""
    return next(iter(_read(git.log(repository, "", commit, "-1")))).commit


def irregular(repository: Path, old: str, new: str) -> str:
    """What is unusual about the move from one pin to another, in words; empty where nothing is."""
    base = git.merge_base(repository, old, new)
    problems = []
    if base == new != old:
        problems.append("the new pin is an ancestor of the old one: this goes backwards")
    elif not base:
        problems.append("the pins have no common ancestor")
    elif base != old:
        problems.append(f"upstream rewrote its history: the pins part at {base[:12]}")
    if (repository / "shallow").exists():
        problems.append("the clone is shallow: upstream's log is cut off")
    return "; ".join(problems)


def follow(history: Iterable[HistoryStep], path: str) -> tuple[list[tuple[HistoryStep, DiffEntry]], str]:
    """The changes of a file, oldest first, and its name at the end; empty where it is deleted."""
    changes = []
    name = path
    for step in history:
        for change in step.changes:
            if (change.old == name and change.letter != "C") or (not name and change.new == path):
                changes.append((step, change))
                name = "" if change.letter == "D" else change.new
                break
    return changes, name


def _read(output: bytes) -> Iterable[HistoryStep]:
    tokens = iter(output.decode(errors="surrogateescape").split("\0"))
    head: list[str] = []
    changes: list[DiffEntry] = []
    for token in tokens:
        record = token.lstrip("\n")
        if record.startswith(":"):
            _, _, old_oid, new_oid, status = record[1:].split(" ")
            old = next(tokens)
            new = next(tokens) if status[0] in "RC" else old
            changes.append(DiffEntry(status[0], old, new, old_oid, new_oid))
        elif record.startswith("\x01"):
            if head:
                yield _step(head, changes)
            head, changes = record[1:].split("\x02", 4), []
    if head:
        yield _step(head, changes)


def _step(head: list[str], changes: list[DiffEntry]) -> HistoryStep:
    commit, parents, date, subject, author = (text.encode(errors="replace").decode() for text in head)
    return HistoryStep(UpstreamCommit(commit, date, author, subject), tuple(parents.split()), tuple(changes))
