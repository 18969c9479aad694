"""The git commands on a work tree: make one, read its state, merge a commit's change into it."""

import contextlib
import os
import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from npuport.base.errors import PortError
from npuport.git.process import IDENTITY, GitFailed, run
from npuport.git.repository import TreeEntry

# Upstream's attributes must not change what lands on disk: files are written as they are stored.
_ATTRIBUTES = "* !text !eol !crlf !ident !filter !working-tree-encoding !merge !diff !whitespace\n"
# Python writes bytecode beside the modules that it imports; that is no edit.
_BYTECODE = "__pycache__/\n*.py[co]\n"
_AM = (
    *("am", "--quiet", "--patch-format=mbox", "--keep-non-patch", "--keep-cr", "--no-scissors"),
    *("--whitespace=nowarn", "--no-gpg-sign", "--no-signoff", "--committer-date-is-author-date"),
)


@dataclass(frozen=True)
class State:
    """The state of a work tree.

    Args:
        commit: HEAD.
        tree: HEAD's tree.
        base: the commit `depth` steps before HEAD; empty where there are fewer commits.
        base_tree: its tree.
        edits: the paths that differ from HEAD, untracked ones too.
    """

    commit: str
    tree: str
    base: str
    base_tree: str
    edits: tuple[str, ...]


def work_tree(repository: Path, directory: Path, commit: str) -> None:
    """Make a work tree in an empty directory: a commit checked out, HEAD detached, no refs.

    It has links to the objects, or copies where the file system has no links, and so does not need the cache.
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
    """Apply patches as commits, in one process; on failure none is applied."""
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
    """The state of a work tree; None where there is no complete repository."""
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
    """The refs and the ignored files, except bytecode, of a work tree: only the user can have made them."""
    refs = run("for-each-ref", "--format=%(refname)", cwd=repository).decode().splitlines()
    options = ("--others", "--ignored", "--exclude-standard", "--directory", "-z")
    ignored = run("ls-files", *options, cwd=repository).decode(errors="surrogateescape").split("\0")[:-1]
    bytecode = re.compile(r"__pycache__|\.py[co]$")
    return refs + [path for path in ignored if not bytecode.search(path)]


def tree_on_disk(repository: Path, scratch: Path, *, keep: bool = False) -> str:
    """The tree id of a work tree's files as they are on disk, whatever the index says.

    Args:
        scratch: an empty directory for temporary files.
        keep: write the tree's objects into the repository, so that it can be compared with other trees.
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
    """Name and address of the user from the user's own git configuration; npuport's where it has none."""
    try:
        ident = run("var", "GIT_AUTHOR_IDENT", cwd=repository, fetching=True).decode(errors="replace")
    except GitFailed:
        return IDENTITY
    name, _, rest = ident.partition(" <")
    return name, rest.partition(">")[0]


def detach(repository: Path, commit: str) -> None:
    """Check out a commit; edits in the work tree are lost."""
    run("checkout", "--quiet", "--force", "--detach", commit, cwd=repository)


def cherry_pick(repository: Path, commit: str, *options: str) -> bool:
    """Merge a commit's change into the work tree and the index, without a commit of its own.

    Three-way, with renames of files and directories followed. `options` are the merge strategy's.

    Returns:
        Whether it merged; if not, the work tree has conflict markers in the diff3 style.
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
    """Reset index and work tree to HEAD; edits are lost."""
    run("reset", "--quiet", "--hard", cwd=repository)


def stage(repository: Path, paths: Sequence[str]) -> None:
    """Add files of the work tree to the index."""
    run("add", "--force", "--", *(f":(literal){path}" for path in paths), cwd=repository)


def unmerged(repository: Path) -> dict[str, dict[int, TreeEntry]]:
    """The conflicts in the index: by path the stages 1 (merge base), 2 (ours) and 3 (theirs)."""
    stages: dict[str, dict[int, TreeEntry]] = {}
    for line in run("ls-files", "--unmerged", "-z", cwd=repository).split(b"\0")[:-1]:
        what, _, path = line.partition(b"\t")
        mode, oid, stage = what.decode().split(" ")
        stages.setdefault(os.fsdecode(path), {})[int(stage)] = TreeEntry(mode, oid)
    return stages


def index_tree(repository: Path) -> str:
    """Write the index as a tree and return its id."""
    return run("write-tree", cwd=repository).decode().strip()
