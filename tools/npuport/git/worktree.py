"""The words of git for a work tree: make one, look at it, merge a commit's change into it."""

import contextlib
import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from npuport.base.errors import PortError
from npuport.git.process import IDENTITY, GitFailed, run
from npuport.git.repository import TreeEntry

# Upstream's attributes must not change what lands on disk: files are written as they are stored.
_ATTRIBUTES = "* !text !eol !crlf !ident !filter !working-tree-encoding !merge !diff !whitespace\n"
# Python writes bytecode beside what it imports; that is nobody's edit.
_BYTECODE = "__pycache__/\n*.py[co]\n"
_AM = (
    *("am", "--quiet", "--patch-format=mbox", "--keep-non-patch", "--keep-cr", "--no-scissors"),
    *("--whitespace=nowarn", "--no-gpg-sign", "--no-signoff", "--committer-date-is-author-date"),
)


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


def head(repository: Path) -> str:
    """The commit that is checked out."""
    return run("rev-parse", "--verify", "HEAD^{commit}", cwd=repository).decode().strip()


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


def detach(repository: Path, commit: str) -> None:
    """Check out a commit; what was changed in the work tree is lost."""
    run("checkout", "--quiet", "--force", "--detach", commit, cwd=repository)


def cherry_pick(repository: Path, commit: str, *options: str) -> bool:
    """Merge a commit's change into the work tree and the index, without a commit of its own.

    Three-way, with renames of files and directories followed. `options` are the merge strategy's.

    Returns:
        Whether it merged; if not, the work tree holds conflict markers of the diff3 style.
    """
    how = ("-c", "merge.conflictStyle=diff3", "-c", "merge.directoryRenames=true")
    strategy = ("--strategy=ort", *(f"-X{option}" for option in options))
    try:
        run(*how, "cherry-pick", "--no-commit", *strategy, commit, cwd=repository)
    except GitFailed as error:
        if error.code == 1 and unmerged(repository):
            return False
        raise
    return True


def reset(repository: Path) -> None:
    """Make index and work tree what HEAD is; what was changed there is lost."""
    run("reset", "--quiet", "--hard", cwd=repository)


def stage(repository: Path, paths: Sequence[str]) -> None:
    """Put files as they are in the work tree into the index."""
    run("add", "--force", "--", *(f":(literal){path}" for path in paths), cwd=repository)


def unmerged(repository: Path) -> dict[str, dict[int, TreeEntry]]:
    """The conflicts in the index: by path its stages, 1 the merge base, 2 ours, 3 theirs."""
    stages: dict[str, dict[int, TreeEntry]] = {}
    for line in run("ls-files", "--unmerged", "-z", cwd=repository).split(b"\0")[:-1]:
        what, _, path = line.partition(b"\t")
        mode, oid, stage = what.decode().split(" ")
        stages.setdefault(os.fsdecode(path), {})[int(stage)] = TreeEntry(mode, oid)
    return stages


def index_tree(repository: Path) -> str:
    """The tree id of the index, written as a tree."""
    return run("write-tree", cwd=repository).decode().strip()
