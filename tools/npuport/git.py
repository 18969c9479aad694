"""The words of git that npuport knows, each a function; no other module spells a git command.

A *repository* is a directory git runs in: a bare clone in the cache, or a work tree.
"""

import contextlib
import os
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from npuport.errors import PortError
from npuport.gitprocess import IDENTITY, GitFailed, run, transfer

#: The branch that `fast_import` builds on, for as long as it runs.
IMPORTED = "refs/npuport/imported"
_BRANCHES_AND_TAGS = ("+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*")
# Upstream's attributes must not change what lands on disk: files are written as they are stored.
_ATTRIBUTES = "* !text !eol !crlf !ident !filter !working-tree-encoding !merge !diff !whitespace\n"
# Python writes bytecode beside what it imports; that is nobody's edit.
_BYTECODE = "__pycache__/\n*.py[co]\n"
_AM = (
    *("am", "--quiet", "--patch-format=mbox", "--keep-non-patch", "--keep-cr", "--no-scissors"),
    *("--whitespace=nowarn", "--no-gpg-sign", "--no-signoff", "--committer-date-is-author-date"),
)


@dataclass(frozen=True)
class Entry:
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


@dataclass(frozen=True)
class State:
    """What a work tree holds.

    Args:
        commit: HEAD.
        tree: HEAD's tree.
        base: the commit so many steps back from HEAD as were asked for; empty where there are fewer.
        base_tree: its tree.
        edits: the paths that differ from HEAD, untracked ones too.
    """

    commit: str
    tree: str
    base: str
    base_tree: str
    edits: tuple[str, ...]


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
    """Bring what is new in upstream into a bare clone; moved branches move, gone ones go.

    Raises:
        PortError: upstream is a shallow clone that lacks commits on the way; git itself would only warn.
    """
    options = ("--progress", "--no-tags", "--force")
    prune = ("--prune",) if refs is _BRANCHES_AND_TAGS else ()  # a gone `a` must make room for `a/b`
    told = transfer("fetch", *options, *prune, "--", url, *refs, cwd=repository, progress=progress)
    if "shallow" in told:
        raise PortError(
            f"{url} is a shallow clone and lacks commits that lead to its newest",
            mend="git fetch --unshallow there, or name another mirror",
        )


def has_commit(repository: Path, commit: str) -> bool:
    """Whether a full id names a commit that is present. A branch of that name does not count."""
    return read_objects(repository, [f"{commit}^{{commit}}"])[0] is not None


def commit_of(repository: Path, name: str) -> str:
    """The full id of the commit that a ref or an id, cut short or not, names; else empty."""
    try:
        options = ("--verify", "--quiet", "--end-of-options")
        return run("rev-parse", *options, f"{name}^{{commit}}", cwd=repository).decode().strip()
    except GitFailed:
        return ""


def keep(repository: Path, commit: str) -> None:
    """Hold a commit by a ref, so that it stays when upstream's branches move away from it."""
    run("update-ref", f"refs/npuport/{commit}", commit, cwd=repository)


def read_objects(repository: Path, names: Sequence[str]) -> list[tuple[str, bytes] | None]:
    """Id and content of objects, in one process; None for what is missing."""
    if not names:
        return []
    output = run("cat-file", "--batch", cwd=repository, stdin="".join(f"{n}\n" for n in names).encode())
    found: list[tuple[str, bytes] | None] = []
    at = 0
    for _ in names:
        end = output.index(b"\n", at)
        words = output[at:end].split(b" ")
        at = end + 1
        if len(words) == 3 and len(words[0]) in (40, 64) and words[2].isdigit():
            size = int(words[2])
            found.append((words[0].decode(), output[at : at + size]))
            at += size + 1
        else:
            found.append(None)
    return found


def list_tree(repository: Path, tree: str) -> dict[str, Entry]:
    """Every file of a tree by its path."""
    listing = run("ls-tree", "-r", "-z", "--full-tree", tree, cwd=repository)
    entries = {}
    for line in listing.split(b"\0")[:-1]:
        what, _, path = line.partition(b"\t")
        mode, _, oid = what.decode().split(" ")
        entries[os.fsdecode(path)] = Entry(mode, oid)
    return entries


def work_tree(repository: Path, directory: Path, commit: str) -> None:
    """Make a work tree of its own in an empty directory: a commit checked out, HEAD detached, no refs.

    The objects are linked where the file system allows, copied otherwise; none are borrowed, so that the
    cache may go.
    """
    run("init", "--quiet", "--template=", cwd=directory)
    _link_objects(repository / "objects", directory / ".git/objects")
    info = directory / ".git/info"
    info.mkdir(exist_ok=True)
    (info / "attributes").write_text(_ATTRIBUTES)
    (info / "exclude").write_text(_BYTECODE)
    run("checkout", "--quiet", "--detach", f"{commit}^{{commit}}", cwd=directory)


def _link_objects(source: Path, target: Path) -> None:
    for directory, _, names in os.walk(source):
        into = target / Path(directory).relative_to(source)
        into.mkdir(exist_ok=True)
        for name in names:
            if name.startswith("tmp_") or name.endswith((".promisor", ".keep", "alternates")):
                continue
            try:
                os.link(Path(directory) / name, into / name)
            except OSError:  # another file system, or one without links
                shutil.copyfile(Path(directory) / name, into / name)


def am(repository: Path, mails: bytes, *, three_way: bool = False) -> None:
    """Apply patches as commits: one process however many they are. On failure nothing stays half done."""
    try:
        run(*_AM, "--3way" if three_way else "--no-3way", cwd=repository, stdin=mails)
    except BaseException:
        with contextlib.suppress(PortError):
            run("am", "--abort", cwd=repository)
        raise


def fast_import(repository: Path, commits: Sequence[bytes]) -> str:
    """Make commits out of the language of `git fast-import`; returns the last one, which no ref leads to.

    Args:
        commits: on the branch `IMPORTED`, each with the mark `:1`.
    """
    stream = b"".join(commits) + b"get-mark :1\ndone\n"
    try:
        return (
            run("fast-import", "--quiet", "--done", "--force", cwd=repository, stdin=stream).decode().strip()
        )
    finally:
        run("update-ref", "-d", IMPORTED, cwd=repository)


def head(repository: Path) -> str:
    """The commit that is checked out."""
    return run("rev-parse", "--verify", "HEAD^{commit}", cwd=repository).decode().strip()


def commits_since(repository: Path, base: str, tip: str = "HEAD") -> list[Commit]:
    """The commits from a base (left out) to a tip along first parents, oldest first."""
    form = "--format=%H%x00%T%x00%P%x00%an%x00%ae%x00%aD%x00%B%x00"
    output = run("log", "--reverse", "--first-parent", form, f"{base}..{tip}", cwd=repository)
    words = output.decode(errors="replace").split("\0")
    return [
        Commit(words[at].lstrip("\n"), *words[at + 1 : at + 7])  # a newline ends the commit before
        for at in range(0, len(words) - 7, 7)
    ]


def state(repository: Path, depth: int = 0) -> State | None:
    """What a work tree holds, and on what; None where there is no whole repository."""
    if not (repository / ".git").is_dir():
        return None
    options = ("--porcelain", "-z", "--no-renames", "--ignore-submodules=all")
    try:
        log = run("log", "--first-parent", f"-{depth + 1}", "--format=%H %T", cwd=repository)
        changes = run("status", *options, cwd=repository).decode(errors="surrogateescape")
    except GitFailed:
        return None
    history = [line.split() for line in log.decode().splitlines()]
    commit, tree = history[0]
    base, base_tree = history[depth] if len(history) > depth else ("", "")
    return State(commit, tree, base, base_tree, tuple(line[3:] for line in changes.split("\0")[:-1]))


def belongings(repository: Path) -> list[str]:
    """What only the user can have put into one of our trees: refs, and ignored files but bytecode."""
    refs = run("for-each-ref", "--format=%(refname)", cwd=repository).decode().splitlines()
    options = ("--others", "--ignored", "--exclude-standard", "--directory", "-z")
    ignored = run("ls-files", *options, cwd=repository).decode(errors="surrogateescape").split("\0")[:-1]
    return refs + [
        path for path in ignored if "__pycache__" not in path and not path.endswith((".pyc", ".pyo"))
    ]


def tree_on_disk(repository: Path, scratch: Path, *, keep: bool = False) -> str:
    """The tree id of a work tree's files as they are, read anew, whatever its index believes.

    Args:
        scratch: an empty directory for what is written on the way.
        keep: write the tree itself into the repository, so that it can be compared with others.
    """
    index = {"GIT_INDEX_FILE": str(scratch / "index")}
    if not keep:
        (scratch / "objects").mkdir()
        index["GIT_OBJECT_DIRECTORY"] = str(scratch / "objects")
        index["GIT_ALTERNATE_OBJECT_DIRECTORIES"] = str(repository / ".git/objects")
    run("read-tree", "HEAD", cwd=repository, extra=index)
    run("add", "--all", cwd=repository, extra=index)
    return run("write-tree", cwd=repository, extra=index).decode().strip()


def changed(repository: Path, commit: str) -> list[str]:
    """The paths of a work tree that differ from a commit, new files too."""
    differ = run("diff", "--name-only", "--no-renames", "-z", commit, "--", cwd=repository)
    untracked = run("ls-files", "--others", "--exclude-standard", "-z", cwd=repository)
    return [os.fsdecode(path) for path in (differ + untracked).split(b"\0")[:-1]]


def author(repository: Path) -> tuple[str, str]:
    """Name and address of the person at the keyboard, as that person's own git knows them; else npuport's."""
    try:
        ident = run("var", "GIT_AUTHOR_IDENT", cwd=repository, fetching=True).decode(errors="replace")
    except GitFailed:
        return IDENTITY
    name, _, rest = ident.partition(" <")
    return name, rest.partition(">")[0]


def diff(repository: Path, old: str, new: str) -> bytes:
    """The change between two trees as a patch holds it: full ids, so that a later 3-way merge can work."""
    options = ("-p", "--full-index", "--binary", "-M", "--no-color", "--no-ext-diff", "--no-textconv")
    return run("diff-tree", *options, old, new, cwd=repository)


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
