"""Check the patches against the pin: whether the files exist and the hunks fit."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from npuport import git
from npuport.base.errors import PortError
from npuport.base.sarif import SarifResult
from npuport.lint.rules import finding
from npuport.patch.apply import Tree, Unfit, apply_exactly, load_tree
from npuport.patch.mail import form_faults
from npuport.patch.parts import Patch


def check_applying(repository: Path, commit: str, patches: Sequence[Patch]) -> Iterator[SarifResult]:
    """Apply the series in memory. Patches of a file are skipped once a patch of it has failed."""
    readable = {patch.name for patch in patches if not any(form_faults(patch))}
    tree = load_tree(repository, commit, [patch for patch in patches if patch.name in readable])
    lost: set[str] = set()
    for patch in patches:
        touched = {path for change in patch.changes for path in (change.old, change.new) if path}
        if patch.name not in readable or touched & lost:
            lost |= touched
            continue
        stale = list(_stale(patch, tree))
        try:
            apply_exactly(tree, patch)
        except PortError as error:
            lost |= touched
            yield _misfit(patch, tree, error)
        else:
            yield from stale


def _misfit(patch: Patch, tree: Tree, error: PortError) -> SarifResult:
    path, hunk = (error.path, error.hunk) if isinstance(error, Unfit) else ("", 0)
    change = next((c for c in patch.changes if path in (c.old, c.new)), patch.changes[0])
    place = change.hunks[hunk - 1].header if hunk else change.header
    missing = any(c.old and c.old not in tree for c in patch.changes)
    message = error.message.removeprefix(f"{patch.name}: ")
    rule = "path-missing" if missing else "does-not-apply"
    return finding(rule, patch.name, place.number, f"{message} — hint: {error.hint}")


def _stale(patch: Patch, tree: Tree) -> Iterator[SarifResult]:
    """`index` lines whose old id is not that of the file as the patches before leave it."""
    for change in patch.changes:
        file = tree.get(change.old) if change.old else None
        if change.index is None or file is None or file.lines is None:
            continue
        oid = git.blob_id(b"".join(file.lines))
        if not oid.startswith(change.index.text[6:].partition("..")[0]):
            yield finding(
                "index-stale", patch.name, change.index.number, f"{change.old} has the id {oid[:12]}"
            )
