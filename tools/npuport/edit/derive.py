"""The series as it should be: that of the ported tree if the user edited it, else `patches/`, made exact."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from npuport import git
from npuport.base.errors import PortError
from npuport.edit.export import Exported, export
from npuport.git.process import GitFailed
from npuport.patch.apply import Unfit, apply_exactly, merged
from npuport.patch.mail import parse_patch, with_diff
from npuport.patch.parts import Patch
from npuport.port.lock import Lock
from npuport.port.series import PatchFile
from npuport.port.trees import TreeState
from npuport.rebase.carry import Carried, Stack, carry
from npuport.rebase.verdict import Verdict


def derive(
    repository: Path,
    lock: Lock,
    files: Sequence[PatchFile],
    tree: TreeState | None,
    scratch: Path,
    title: str,
) -> tuple[Carried, Exported]:
    """The series of a port, exact at its pin, and its differences from the series in `patches/`.

    Args:
        repository: holds the pin.
        lock: names the pin.
        files: the series in `patches/`.
        tree: the ported tree if it was edited; the series follows it then.
        scratch: an empty directory.
        title: of the patch that uncommitted edits in the tree become.

    Raises:
        PortError: a patch neither applies nor merges, or the tree holds what no patch can.
    """
    exported = Exported(tuple(files))
    if tree:
        (scratch / "index").mkdir()
        exported = export(lock, files, tree, scratch / "index", title=title)
    rewritten = [*exported.rewritten]
    patches = [parse_patch(file.name, file.data) for file in exported.series]
    stack = Stack(repository, lock.commit, patches, scratch / "ported")

    def fit(patch: Patch) -> tuple[Verdict, Patch | None]:
        try:
            apply_exactly(dict(stack.files), patch)
        except Unfit as unfit:
            rewritten.append((patch.name, unfit.message))
            return Verdict(patch.name, "merged"), _rewritten(stack, patch, unfit)
        return Verdict(patch.name, "clean"), patch

    carried = carry(stack, patches, fit)
    return carried, replace(exported, rewritten=tuple(rewritten))


def _rewritten(stack: Stack, patch: Patch, unfit: Unfit) -> Patch:
    """A patch with a new diff: git applies it where it fits, else merges it.

    Raises:
        PortError: git can do neither.
    """
    for change in patch.changes:
        for hunk in change.hunks if change.old and change.new else ():
            if not hunk.leading and not hunk.trailing and not hunk.of("-"):  # git would put it at the end
                raise PortError(
                    f"{patch.name}: line {hunk.header.number}: an insertion without a line of context",
                    hint="write it with context: git diff -U3",
                )
    stack.flush()
    tree = stack.directory
    before = git.head(tree)
    try:
        try:
            git.am(tree, patch.mail)
        except GitFailed:
            git.am(tree, patch.mail, three_way=True)
    except GitFailed as error:
        raise PortError(
            f"{unfit.message}; git cannot merge it either", hint=f"edit {patch.name} by hand"
        ) from error
    if git.head(tree) == before:
        raise merged(patch)
    diff = git.diff(tree, before, "HEAD")
    git.detach(tree, before)
    return with_diff(patch, diff)
