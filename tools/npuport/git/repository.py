"""The git commands on a repository that npuport uses, a function each.

A *repository* is a directory in which git runs: a bare clone in the cache, or a work tree.
"""

import hashlib
import os
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from npuport.base.errors import PortError
from npuport.git.process import GitFailed, run, transfer

#: The branch that `fast_import` builds on, for as long as it runs.
IMPORTED = "refs/npuport/imported"
# Endings of a version that come before the version itself: 1.0-rc1 is older than 1.0.
_BEFORE = ("-dev", ".dev", "-alpha", "alpha", "a", "-beta", "beta", "b", "-rc", "rc", "-")
_BRANCHES_AND_TAGS = ("+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*")


@dataclass(frozen=True)
class TreeEntry:
    """One path of a tree: its mode, `100644`, and its object id."""

    mode: str
    oid: str


@dataclass(frozen=True)
class Commit:
    """A commit: its id, its tree's, its parents', its author, the date in RFC 2822, the message."""

    id: str
    tree: str
    parents: str
    name: str
    address: str
    date: str
    message: str


class LineEdit(NamedTuple):
    """Lines that differ between two files: the index of the first, how many before, how many after."""

    start: int
    size: int
    new_size: int


def mirror(url: str, directory: Path, progress: Callable[[str], None]) -> None:
    """Clone all branches and tags of upstream into an empty directory, bare."""
    options = ("--progress", "--bare", "--template=")
    transfer("clone", *options, "--", url, str(directory), cwd=directory.parent, progress=progress)
    if (directory / "objects/info/alternates").exists():  # a mirror that borrows objects; we must not
        run("repack", "-a", "-d", "--quiet", cwd=directory)
        (directory / "objects/info/alternates").unlink()


def fetch(
    repository: Path, url: str, progress: Callable[[str], None], refs: Sequence[str] = _BRANCHES_AND_TAGS
) -> None:
    """Fetch upstream's branches and tags into a bare clone; a branch that upstream deleted is deleted.

    Raises:
        PortError: a branch or tag did not arrive; git only warns where upstream is a shallow clone that lacks
            the commits.
    """
    options = ("--progress", "--no-tags", "--force")
    prune = ("--prune",) if refs is _BRANCHES_AND_TAGS else ()  # a deleted `a` must make room for `a/b`
    transfer("fetch", *options, *prune, "--", url, *refs, cwd=repository, progress=progress)
    if refs is _BRANCHES_AND_TAGS:
        offered = run("ls-remote", "--heads", "--tags", "--refs", "--", url, cwd=repository, fetching=True)
        arrived = run("for-each-ref", "--format=%(objectname)%09%(refname)", cwd=repository)
        if missing := set(offered.splitlines()) - set(arrived.splitlines()):
            name = os.fsdecode(min(missing).partition(b"\t")[2])
            raise PortError(
                f"{url}: {name} was not fetched; a shallow clone lacks the commits that lead to it",
                hint="run git fetch --unshallow in it, or name another mirror; if it just changed, run again",
            )


def has_commit(repository: Path, commit: str) -> bool:
    """Whether a full id names a commit of the repository. A branch of that name does not count."""
    return read_objects(repository, [f"{commit}^{{commit}}"])[0] is not None


def commit_of(repository: Path, name: str) -> str:
    """The full id of the commit that a ref, an id or the start of an id names; empty where there is none."""
    try:
        options = ("--verify", "--quiet", "--end-of-options")
        return run("rev-parse", *options, f"{name}^{{commit}}", cwd=repository).decode().strip()
    except GitFailed:
        return ""


def keep(repository: Path, commit: str) -> None:
    """Make a ref for a commit, so that git keeps it when upstream's branches leave it."""
    run("update-ref", f"refs/npuport/{commit}", commit, cwd=repository)


def read_objects(repository: Path, names: Sequence[str]) -> list[tuple[str, bytes] | None]:
    """Id and content of objects, from one process; None for an object that is missing."""
    if not names:
        return []
    output = run("cat-file", "--batch", cwd=repository, stdin="".join(f"{n}\n" for n in names).encode())
    objects: list[tuple[str, bytes] | None] = []
    at = 0
    for _ in names:
        end = output.index(b"\n", at)
        words = output[at:end].split(b" ")
        at = end + 1
        if len(words) == 3 and len(words[0]) in (40, 64) and words[2].isdigit():
            size = int(words[2])
            objects.append((words[0].decode(), output[at : at + size]))
            at += size + 1
        else:
            objects.append(None)
    return objects


def blob_id(data: bytes) -> str:
    """The id that git gives a file's content."""
    return blob_hash(len(data), data).hexdigest()


def blob_hash(size: int, data: bytes = b"") -> "hashlib._Hash":
    """A sha1 that becomes a blob's id once all of its `size` bytes are in it."""
    return hashlib.sha1(b"blob %d\0" % size + data, usedforsecurity=False)


def list_tree(repository: Path, tree: str) -> dict[str, TreeEntry]:
    """The files of a tree by path."""
    listing = run("ls-tree", "-r", "-z", "--full-tree", tree, cwd=repository)
    entries = {}
    for line in listing.split(b"\0")[:-1]:
        what, _, path = line.partition(b"\t")
        mode, _, oid = what.decode().split(" ")
        entries[os.fsdecode(path)] = TreeEntry(mode, oid)
    return entries


def fast_import(repository: Path, commits: Sequence[bytes]) -> str:
    """Make commits from the input of `git fast-import` and return the last one, to which no ref points.

    Args:
        commits: on the branch `IMPORTED`, each with the mark `:1`.
    """
    stream = b"".join(commits) + b"get-mark :1\ndone\n"
    options = ("--quiet", "--done", "--force")
    try:
        return run("fast-import", *options, cwd=repository, stdin=stream).decode().strip()
    finally:
        run("update-ref", "-d", IMPORTED, cwd=repository)


def commits_since(repository: Path, base: str, tip: str = "HEAD") -> list[Commit]:
    """The commits from a base (left out) to a tip along first parents, oldest first."""
    form = "--format=%H%x00%T%x00%P%x00%an%x00%ae%x00%aD%x00%B%x00"
    output = run("log", "--reverse", "--first-parent", form, f"{base}..{tip}", cwd=repository)
    words = output.decode(errors="replace").split("\0")
    return [
        Commit(words[at].lstrip("\n"), *words[at + 1 : at + 7])  # a newline ends the commit before
        for at in range(0, len(words) - 7, 7)
    ]


def diff(repository: Path, old: str, new: str) -> bytes:
    """The diff of two trees as a patch has it, with whole ids for a later three-way merge."""
    options = ("-p", "--full-index", "--binary", "-M", "--no-color", "--no-ext-diff", "--no-textconv")
    return run("diff-tree", *options, old, new, cwd=repository)


def edits(
    repository: Path, old: str, new: str, paths: Sequence[str]
) -> dict[tuple[str, ...], list[LineEdit]]:
    """The edits between two commits' files, in order, by the blob ids before and after.

    As git's merge compares files: by the histogram algorithm, and without the indent heuristic.
    """
    options = (
        "-r",
        "-p",
        "--full-index",
        "--unified=0",
        "--diff-algorithm=histogram",
        "--no-indent-heuristic",
    )
    plain = ("--no-renames", "--no-color", "--no-ext-diff", "--no-textconv")
    names = [f":(literal){path}" for path in paths]
    output = run("diff-tree", *options, *plain, old, new, "--", *names, cwd=repository)
    files: dict[tuple[str, ...], list[LineEdit]] = {}
    current: list[LineEdit] = []
    for line in output.split(b"\n"):  # a line of a file has another first character
        if index := re.match(rb"index ([0-9a-f]+)\.\.([0-9a-f]+)", line):
            current = files[tuple(name.decode() for name in index.groups())] = []
        elif header := re.match(rb"@@ -(\d+)(?:,(\d+))? \+\d+(?:,(\d+))? @@", line):
            size, new_size = (int(number) if number else 1 for number in (header[2], header[3]))
            current.append(LineEdit(int(header[1]) - (1 if size else 0), size, new_size))
    return {ids: found for ids, found in files.items() if found}


def log(repository: Path, old: str, new: str, *options: str) -> bytes:
    """The commits in `old..new`, or all up to `new` where `old` is empty, each with its raw diff.

    NUL-separated: `\\x01id\\x02parents\\x02date\\x02subject\\x02author`, then with `--raw` for each changed
    file its record and one path, or two for renames and copies. `history` reads it.
    """
    form = "--format=%x01%H%x02%P%x02%as%x02%s%x02%an"
    span = f"{old}..{new}" if old else new
    return run("log", "-z", form, *options, span, "--", cwd=repository)


def merge_base(repository: Path, one: str, other: str) -> str:
    """The best common ancestor of two commits; empty where they have none."""
    try:
        return run("merge-base", one, other, cwd=repository).decode().split()[0]
    except GitFailed as error:
        if error.code == 1:
            return ""
        raise


def tags_above(repository: Path, commit: str) -> list[tuple[str, str]]:
    """The tags that contain a commit, each with the commit it names; the newest version first."""
    order = [word for ending in _BEFORE for word in ("-c", f"versionsort.suffix={ending}")]
    form = "%(refname:lstrip=2)%00%(*objectname)%00%(objectname)"
    options = (f"--contains={commit}", "--sort=-version:refname", f"--format={form}", "refs/tags")
    tags = []
    for line in run(*order, "for-each-ref", *options, cwd=repository).split(b"\n")[:-1]:
        name, peeled, oid = line.decode(errors="surrogateescape").split("\0")
        tags.append((name, peeled or oid))
    return tags
