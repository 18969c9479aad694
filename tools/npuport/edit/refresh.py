"""Refresh: patches that apply exactly at the pin, and a lock that names them.

If the user has edited the ported tree, the series follows it. Else `patches/` decides: a patch that applies
exactly keeps its bytes; one that has moved, or that git can merge, keeps its mail and gets a new diff. The
lock gets the sums, the digest and the ported ids; the first refresh fills it in.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from npuport import git
from npuport.base.errors import PortError
from npuport.base.files import clean_staging, exclusive, retire, staged_directory
from npuport.base.text import Progress, silent
from npuport.port import trees, upstream
from npuport.port.build import port
from npuport.port.checkout import lock_file, verify_pin
from npuport.port.layout import Layout
from npuport.port.lock import Lock, read_lock
from npuport.port.series import PatchFile, digest, read_series


@dataclass(frozen=True)
class RefreshResult:
    """What a refresh has changed, or would change.

    Args:
        lock: the right lock.
        rewritten: the patches with other bytes, each with the reason.
        changed: whether the lock or a patch differs from the one on disk.
        fresh: the names of patches made of new commits or edits in the ported tree.
        dropped: the names of those whose commits are gone from it.
    """

    lock: Lock
    rewritten: tuple[tuple[str, str], ...] = ()
    changed: bool = False
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
    """Make patches, lock and ported tree agree.

    Args:
        check: change nothing on disk, only return what would change.
        offline: never use the network.
        title: of the patch that uncommitted edits in the tree become.

    Raises:
        PortError: a patch neither applies nor merges, the tree holds what no patch can, or both patches and
            tree were changed; nothing has changed then.
    """
    lock = read_lock(layout.lock)
    tree = trees.linked(layout.ported, len(lock.patches))
    if _in_step(lock, read_series(layout.patches)) and trees.ported_as_locked(tree, lock):
        return RefreshResult(lock)
    from npuport.edit.derive import derive  # late: it takes longer than most refreshes, which find nothing
    from npuport.rebase.carry import publish_port

    with exclusive(lock_file(layout), lambda: progress("waiting for another npuport")):
        clean_staging(layout.out)
        lock, files = read_lock(layout.lock), read_series(layout.patches)  # another may have been faster
        tree = trees.linked(layout.ported, len(lock.patches))
        edited = tree if tree and not tree.untouched else None
        repository = upstream.ensure(layout, lock, offline=offline, progress=progress)
        tree_id, sha256 = verify_pin(repository, lock)
        if edited and not _in_step(replace(lock, tree=tree_id, license_sha256=sha256), files):
            raise PortError(
                f"both {layout.patches} and {edited.path} have been changed",
                hint="take the patches back from version control; or `port --force` sets the tree aside",
            )
        lock = replace(lock, tree=tree_id, license_sha256=sha256)
        with staged_directory(layout.out) as staged:
            carried, exported = derive(repository, lock, files, edited, staged, title)
        lock = carried.lock(lock)
        changes = carried.changes(layout, files, lock)
        if changes and not check:
            publish_port(layout, lock, changes)
    if edited and not check:
        settle(layout, progress)
    return RefreshResult(lock, exported.rewritten, bool(changes), exported.fresh, exported.dropped)


def settle(layout: Layout, progress: Progress) -> Path | None:
    """Port anew after the edits in the ported tree went into the series.

    Returns:
        The edited tree, if it holds something that the new one does not; else it is removed, and None.
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
    """Whether the lock names this very series."""
    entries = tuple(file.entry for file in files)
    return lock.complete and entries == lock.patches and digest(entries) == lock.series_digest
