"""Refresh: patches that apply exactly at the pin, and a lock that says so.

What a person has done to the ported tree goes into the series (`export`). Else the patches decide: one
that applies exactly keeps its bytes; one that has moved, or that git can merge, keeps its mail and gets a new
diff. The lock gets the sums, the digest and the ported ids: this also fills it in at first.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from npuport import git
from npuport.base.errors import PortError
from npuport.base.files import clean_staging, exclusive, retire, staged_directory
from npuport.base.text import Progress, silent
from npuport.git.process import GitFailed
from npuport.port import trees, upstream
from npuport.port.build import build, port
from npuport.port.checkout import lock_file, verify_pin
from npuport.port.layout import Layout
from npuport.port.lock import Lock, format_lock, read_lock, remember
from npuport.port.publication import publish_files
from npuport.port.series import SERIES, PatchFile, digest, format_series, read_series
from npuport.port.trees import TreeState

if TYPE_CHECKING:  # late where they are needed: most refreshes find nothing to do
    from npuport.patch.apply import Unfit
    from npuport.patch.reader import Patch


@dataclass(frozen=True)
class RefreshResult:
    """What a refresh has made, or would make.

    Args:
        lock: the lock as it is now right.
        rewritten: the patches with a new diff, each with what was wrong with the old one.
        changed: whether the lock or a patch differs from what was on disk.
        series: the patches in order; empty where nothing had to be looked at.
        fresh: the names of patches made of new commits or edits in the ported tree.
        dropped: the names of those whose commits are gone from there.
    """

    lock: Lock
    rewritten: tuple[tuple[str, str], ...]
    changed: bool
    series: tuple[PatchFile, ...] = ()
    fresh: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()


def refresh(
    layout: Layout,
    *,
    check: bool = False,
    offline: bool = False,
    title: str = "",
    progress: Progress = silent,
) -> RefreshResult:
    """Bring patches, lock and ported tree into step.

    Where a person has edited `out/ported` or committed there, the series follows the tree. Else the patches
    decide: those that do not apply exactly are rewritten, and the lock follows.

    Args:
        check: change nothing on disk, only say what would change.
        title: of the patch that uncommitted edits in the tree become.

    Raises:
        PortError: a patch neither applies nor merges, the tree holds what no patch can, or both patches and
            tree were changed; nothing has changed then.
    """
    old = read_lock(layout.lock)
    files = read_series(layout.patches)
    tree = trees.linked(layout.ported, len(old.patches))
    if _in_step(old, files) and trees.ported_as_locked(tree, old):
        return RefreshResult(old, (), False)
    with exclusive(lock_file(layout), lambda: progress("waiting for another npuport")):
        clean_staging(layout.out)
        old, files = read_lock(layout.lock), read_series(layout.patches)  # another may have been faster
        tree = trees.linked(layout.ported, len(old.patches))
        repository = upstream.ensure(layout, old, offline=offline, progress=progress)
        tree_id, sha256 = verify_pin(repository, old)
        lock = replace(old, tree=tree_id, license_sha256=sha256)
        with staged_directory(layout.out) as staged:
            if tree and not tree.untouched:
                result = _from_tree(layout, lock, files, tree, staged, title)
            else:
                result = _from_patches(repository, lock, files, staged)
            built = staged / "ported"
            built.mkdir()
            commit, ported_tree = build(repository, lock, result.series, built)
        entries = tuple(file.entry for file in result.series)
        lock = replace(
            lock,
            series_digest=digest(entries),
            patches=entries,
            ported_commit=commit,
            ported_tree=ported_tree,
        )
        changes = _changes(layout, files, result.series, lock)
        if changes and not check:
            remember(lock)
            publish_files(layout, changes)
    if tree and not tree.untouched and not check:
        settle(layout, progress)
    return replace(result, lock=lock, changed=bool(changes))


def settle(layout: Layout, progress: Progress) -> Path | None:
    """Port anew after the edits in the ported tree went into the series.

    Returns:
        Where the edited tree is now, if it holds something that the new one does not; else it is gone.
    """
    aside = port(layout, force=True, progress=progress).aside
    if aside is None:
        return None
    with exclusive(lock_file(layout)), staged_directory(layout.out) as scratch:
        lock = read_lock(layout.lock)
        series = git.commits_since(layout.ported, lock.commit)
        known = git.tree_on_disk(aside, scratch) in {lock.tree, *(commit.tree for commit in series)}
        if known and not git.belongings(aside):
            retire(aside, layout.out)
            return None
    return aside


def _in_step(lock: Lock, files: Sequence[PatchFile]) -> bool:
    """Whether the lock is of this very series."""
    entries = tuple(file.entry for file in files)
    return lock.complete and entries == lock.patches and digest(entries) == lock.series_digest


def _changes(
    layout: Layout, before: Sequence[PatchFile], after: Sequence[PatchFile], lock: Lock
) -> dict[str, bytes | None]:
    """The files of the port that are to be other than they are; None for those that go."""
    wanted = {f"patches/{file.name}": file.data for file in after}
    series = (layout.patches / SERIES).read_text(encoding="utf-8")
    wanted[f"patches/{SERIES}"] = format_series(series, [file.name for file in after]).encode()
    wanted["upstream.lock"] = format_lock(lock).encode()
    changes: dict[str, bytes | None] = {}
    for path in [f"patches/{file.name}" for file in before]:
        if path not in wanted:
            changes[path] = None
    for path, data in wanted.items():
        there = layout.root / path
        if not there.is_file() or there.read_bytes() != data:
            changes[path] = data
    return changes


def _from_tree(
    layout: Layout, lock: Lock, files: Sequence[PatchFile], tree: TreeState, staged: Path, title: str
) -> RefreshResult:
    """The series that the ported tree holds."""
    from npuport.edit.export import export

    if not _in_step(lock, files):
        raise PortError(
            f"both {layout.patches} and {tree.path} have been changed",
            hint="take the patches back from version control, or `npuport port --force` sets the tree aside",
        )
    (staged / "scratch").mkdir()
    found = export(lock, files, tree, staged / "scratch", title=title)
    told = tuple((name, "edited in the ported tree") for name in found.rewritten)
    return RefreshResult(lock, told, False, found.series, found.fresh, found.dropped)


def _from_patches(repository: Path, lock: Lock, files: Sequence[PatchFile], staged: Path) -> RefreshResult:
    """The series as `patches/` has it, made exact."""
    (staged / "carried").mkdir()
    fresh, rewritten = _carry(repository, lock, files, staged / "carried")
    return RefreshResult(lock, tuple(rewritten), False, tuple(fresh))


def _carry(
    repository: Path, lock: Lock, files: Sequence[PatchFile], directory: Path
) -> tuple[list[PatchFile], list[tuple[str, str]]]:
    """The series as it applies exactly, and the patches that had to be rewritten for it."""
    from npuport.patch.apply import Unfit, apply_exactly, load_tree
    from npuport.patch.mail import parse_patch

    patches = [parse_patch(file.name, file.data) for file in files]
    tree = load_tree(repository, lock.commit, patches)
    fresh: list[PatchFile] = []
    rewritten: list[tuple[str, str]] = []
    waiting: list[Patch] = []  # exact, and not yet in the work tree
    for number, patch in enumerate(patches):
        try:
            apply_exactly(tree, patch)
        except Unfit as unfit:
            if not (directory / ".git").exists():
                git.work_tree(repository, directory, lock.commit)
            if waiting:
                git.am(directory, b"".join(mail.mail for mail in waiting))
                waiting.clear()
            patch = _rewrite(directory, patch, unfit)
            rewritten.append((patch.name, unfit.message))
            tree = load_tree(directory, "HEAD", patches[number + 1 :])
        else:
            waiting.append(patch)
        fresh.append(PatchFile(patch.name, patch.data))
    return fresh, rewritten


def _rewrite(directory: Path, patch: "Patch", unfit: "Unfit") -> "Patch":
    """Let git apply a patch where it fits, else merge it, and write the diff anew.

    Raises:
        PortError: git can do neither.
    """
    from npuport.patch.apply import merged
    from npuport.patch.mail import with_diff

    before = git.head(directory)
    try:
        try:
            git.am(directory, patch.mail)
        except GitFailed:
            git.am(directory, patch.mail, three_way=True)
    except GitFailed as error:
        raise PortError(
            f"{unfit.message}; nor can git merge it", hint=f"edit {patch.name} by hand"
        ) from error
    if git.head(directory) == before:
        raise merged(patch)
    return with_diff(patch, git.diff(directory, before, "HEAD"))
