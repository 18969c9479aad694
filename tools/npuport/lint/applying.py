"""What is wrong with the patches against the pin: paths that are not there, hunks that do not fit."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from npuport import git
from npuport.base.errors import PortError
from npuport.base.sarif import Finding
from npuport.lint.rules import finding
from npuport.lint.scan import Scan
from npuport.patch.apply import Tree, Unfit, apply_exactly, load_tree
from npuport.patch.mail import Patch


def check_applying(
    repository: Path, commit: str, patches: Sequence[tuple[Scan, Patch | None]]
) -> Iterator[Finding]:
    """Apply the series in memory. What follows from an earlier patch that does not apply is not told."""
    tree = load_tree(repository, commit, [patch for _, patch in patches if patch])
    lost: set[str] = set()
    for scan, patch in patches:
        touched = {path for file in scan.files for path in (file.old, file.path) if path}
        if patch is None or touched & lost:
            lost |= touched
            continue
        stale = list(_stale(scan, tree))
        try:
            apply_exactly(tree, patch)
        except PortError as error:
            lost |= touched
            missing = next((c for c in patch.changes if c.old and c.old not in tree), None)
            path = error.path if isinstance(error, Unfit) else patch.changes[0].path
            file = next((file for file in scan.files if path in (file.path, file.old)), scan.files[0])
            hunk = error.hunk if isinstance(error, Unfit) else 0
            number = file.hunks[hunk - 1].number if hunk else file.number
            message = error.message.removeprefix(f"{patch.name} does not apply: ").removeprefix(
                f"{patch.name}: "
            )
            rule = "path-missing" if missing else "does-not-apply"
            yield finding(rule, scan.path, number, f"{message} — hint: {error.hint}")
        else:
            yield from stale


def _stale(scan: Scan, tree: Tree) -> Iterator[Finding]:
    """`index` lines whose old id is not that of the file as the patches before leave it."""
    for file in scan.files:
        index = next((line for line in file.info if line.text.startswith("index ")), None)
        there = tree.get(file.old) if file.old else None
        if index is None or there is None or there.lines is None:
            continue
        said = index.text[6:].partition("..")[0]
        oid = git.blob_id(b"".join(there.lines))
        if not oid.startswith(said):
            yield finding("index-stale", scan.path, index.number, f"{file.old} is {oid[:12]} there")
