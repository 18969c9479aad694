"""Upstream histories, commit by commit, and written with one `git fast-import`, however long they are.

history = History.of(repository)          # goes on from its main branch
history.commit("Grow", {"lumen/rotary.py": text})
history.edit("Shift", "lumen/seeding.py", "import torch\n", "import torch\n\n")
history.write()
"""

import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from worlds.lumen import Tree
from worlds.port import git, make_patch
from worlds.standin import Edit

Content = str | bytes | None
Files = Mapping[str, Content]
AUTHOR = "Ida Brandt <ida@lumen.example>"
_START = 1_767_225_600  # 2026-01-01
_DAY = 86_400


@dataclass
class Branch:
    """The tip of a branch: how fast-import names it, its files, modes other than 100644."""

    tip: str
    files: Tree
    modes: dict[str, str] = field(default_factory=dict)


class History:
    """Commits to be, on one branch at a time; `main` at first."""

    def __init__(self, repository: Path, files: Tree, tip: str = "", number: int = 0) -> None:
        self.repository = repository
        self.branches = {"main": Branch(tip, dict(files))}
        self.now = "main"
        self._number = number
        self._marks = 0
        self._stream: list[bytes] = []

    @classmethod
    def of(cls, repository: Path, files: Tree) -> "History":
        """What follows on a repository's main branch, whose files are known."""
        count = int(git(repository, "rev-list", "--count", "main"))
        return cls(repository, files, "refs/heads/main^0", count)

    @property
    def files(self) -> Tree:
        """The files at the tip of the present branch."""
        return self._branch.files

    @property
    def _branch(self) -> Branch:
        return self.branches[self.now]

    def text(self, path: str) -> str:
        """A file at the tip."""
        return self.files[path].decode()

    def commit(self, subject: str, files: Files | None = None, *, merges: str = "", body: str = "") -> None:
        """One commit: files written whole, or deleted with None."""
        branch = self._branch
        self._marks += 1
        self._number += 1
        who = f"{AUTHOR} {_START + self._number * _DAY} +0000"
        message = f"{subject}\n\n{body}\n" if body else f"{subject}\n"
        head = f"commit refs/heads/{self.now}\nmark :{self._marks}\nauthor {who}\ncommitter {who}\n"
        self._put(head.encode() + _data(message.encode()))
        if branch.tip:
            self._put(f"from {branch.tip}\n".encode())
        if merges:
            self._put(f"merge {self.branches[merges].tip}\n".encode())
        for path, content in (files or {}).items():
            if content is None:
                self._put(f"D {_quoted(path)}\n".encode())
                branch.files.pop(path, None)
                branch.modes.pop(path, None)
                continue
            data = content.encode() if isinstance(content, str) else content
            mode = branch.modes.get(path, "100644")
            self._put(f"M {mode} inline {_quoted(path)}\n".encode() + _data(data))
            branch.files[path] = data
        branch.tip = f":{self._marks}"

    def edit(self, subject: str, path: str, old: str, new: str) -> None:
        """A commit that replaces one text of a file."""
        assert self.text(path).count(old) == 1, f"{path}: {old!r} occurs {self.text(path).count(old)} times"
        self.commit(subject, {path: self.text(path).replace(old, new)})

    def insert(self, subject: str, path: str, lines: int, *, before: str = "") -> None:
        """A commit that puts so many lines before a text, else at the top."""
        block = "".join(f"# {subject.lower()} {n}\n" for n in range(lines))
        text = self.text(path)
        self.commit(subject, {path: text.replace(before, block + before, 1) if before else block + text})

    def rename(self, subject: str, old: str, new: str, content: Content = None) -> None:
        """A commit that renames a file, and may change it."""
        self.commit(subject, {old: None, new: self.files[old] if content is None else content})

    def mode(self, subject: str, path: str, mode: str, content: bytes | None = None) -> None:
        """A commit that changes a file's mode, and for a link its content."""
        self._branch.modes[path] = mode
        self.commit(subject, {path: self.files[path] if content is None else content})

    def gitlink(self, subject: str, path: str, oid: str, files: Files) -> None:
        """A commit that adds a submodule."""
        self.commit(subject, files)
        self._put(f"M 160000 {oid} {_quoted(path)}\n".encode())

    def branch(self, name: str, *, orphan: bool = False) -> None:
        """Start a branch here, or from nothing with the same files, and go on there."""
        here = self._branch
        self.branches[name] = Branch("" if orphan else here.tip, dict(here.files), dict(here.modes))
        self.now = name

    def switch(self, name: str) -> None:
        """Go on on another branch."""
        self.now = name

    def merge(self, name: str, subject: str, files: Files | None = None) -> None:
        """Merge a branch; the result is its files over ours, then `files` over both."""
        theirs = self.branches[name].files
        changed = {path: data for path, data in theirs.items() if self.files.get(path) != data}
        self.commit(subject, {**changed, **(files or {})}, merges=name)

    def tag(self, name: str) -> None:
        """A lightweight tag at the tip, moved if it exists."""
        self._put(f"reset refs/tags/{name}\nfrom {self._branch.tip}\n\n".encode())

    def force(self, name: str = "main") -> None:
        """Make another branch what the present one is, a push with force, and go on there."""
        self._put(f"reset refs/heads/{name}\nfrom {self._branch.tip}\n\n".encode())
        here = self._branch
        self.branches[name] = Branch(here.tip, dict(here.files), dict(here.modes))
        self.now = name

    def write(self) -> str:
        """Write all of it; returns the id of the present branch's tip."""
        stream, self._stream = b"".join(self._stream), []
        command = ["git", "fast-import", "--quiet", "--force"]
        subprocess.run(command, cwd=self.repository, input=stream, check=True, capture_output=True)
        oid = git(self.repository, "rev-parse", f"refs/heads/{self.now}")
        for branch in self.branches.values():  # marks live as long as the import
            branch.tip = ""
        self._branch.tip = f"refs/heads/{self.now}^0"
        return oid

    def _put(self, block: bytes) -> None:
        self._stream.append(block)


def make_repository(directory: Path, files: Tree) -> str:
    """A bare repository with two commits, the second with these files; returns its id."""
    directory.mkdir(parents=True)
    git(directory, "init", "--quiet", "--bare", "--template=", "--initial-branch=main")
    history = History(directory, {})
    history.commit("Start", {"README.md": "# lumen\n"})
    history.commit("Add the model", files)
    return history.write()


def make_series(scratch: Path, files: Tree, edits: tuple[Edit, ...]) -> list[bytes]:
    """The patches of a series, written by git on a tree with these files."""
    make_repository(scratch, files)
    history = History.of(scratch, files)
    for edit in edits:
        after = edit.apply(history.files)
        gone: dict[str, Content] = {path: None for path in history.files if path not in after}
        history.branches["main"].modes |= edit.modes or {}
        written = {p: d for p, d in after.items() if history.files.get(p) != d or p in (edit.modes or {})}
        history.commit(edit.subject, gone | written)
    history.write()
    options = ("--reverse", "--format=%x00", "-p", "--full-index", "-M", f"-{len(edits)}", "main")
    diffs = git(scratch, "log", *options).split("\0")[1:] if edits else []
    return [
        make_patch(diff.lstrip("\n").rstrip("\n") + "\n", edit.subject)
        for diff, edit in zip(diffs, edits, strict=True)
    ]


def _data(content: bytes) -> bytes:
    return b"data %d\n%b\n" % (len(content), content)


def _quoted(path: str) -> str:
    return (
        '"'
        + "".join(chr(b) if 32 <= b < 127 and b not in b'"\\' else f"\\{b:03o}" for b in path.encode())
        + '"'
    )
