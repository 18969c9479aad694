"""The words of git that merge one commit's change into a work tree; see `git` for the others."""

import os
from collections.abc import Sequence
from pathlib import Path

from npuport.git import Entry
from npuport.gitprocess import GitFailed, run


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


def unmerged(repository: Path) -> dict[str, dict[int, Entry]]:
    """The conflicts in the index: by path its stages, 1 the merge base, 2 ours, 3 theirs."""
    stages: dict[str, dict[int, Entry]] = {}
    for line in run("ls-files", "--unmerged", "-z", cwd=repository).split(b"\0")[:-1]:
        what, _, path = line.partition(b"\t")
        mode, oid, stage = what.decode().split(" ")
        stages.setdefault(os.fsdecode(path), {})[int(stage)] = Entry(mode, oid)
    return stages


def index_tree(repository: Path) -> str:
    """The tree id of the index, written as a tree."""
    return run("write-tree", cwd=repository).decode().strip()
