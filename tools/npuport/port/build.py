"""Port: make the ported tree from lock and series, and compare every id with the lock."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from npuport import git
from npuport.base.errors import PortError
from npuport.base.files import clean_staging, exclusive, has_staging, staged_directory
from npuport.base.text import Progress, silent
from npuport.port import trees
from npuport.port.checkout import lock_file, verify_pin
from npuport.port.layout import Layout
from npuport.port.lock import Lock, read_lock
from npuport.port.series import PatchFile, check_sums, read_series
from npuport.port.upstream import ensure


@dataclass(frozen=True)
class PortResult:
    """A ported tree.

    Args:
        path: `out/ported`.
        commit: the series' last commit.
        tree: its tree id.
        upstream: the pin.
        patches: the names of the series, in order.
        changed: whether the tree was made now.
        aside: where `force` put a tree with local edits.
    """

    path: Path
    commit: str
    tree: str
    upstream: str
    patches: tuple[str, ...]
    changed: bool
    aside: Path | None = None


def port(
    layout: Layout, *, offline: bool = False, force: bool = False, progress: Progress = silent
) -> PortResult:
    """Make `out/ported` the tree that the lock names, unless it is.

    Args:
        offline: do not use the network.
        force: move a tree with local edits or further commits aside instead of raising.

    Raises:
        PortError: something is missing, malformed or not as the lock says; nothing has changed then.
    """
    lock, patches = read_port(layout)
    if has_staging(layout.out) or not settled(layout, lock):
        with exclusive(lock_file(layout), lambda: progress("waiting for another npuport")):
            clean_staging(layout.out)  # a port killed after its last rename leaves an empty one
            if not settled(layout, lock):
                aside = _port(layout, lock, patches, offline=offline, force=force, progress=progress)
                return _result(layout, lock, changed=True, aside=aside)
    return _result(layout, lock, changed=False)


def read_port(layout: Layout) -> tuple[Lock, tuple[PatchFile, ...]]:
    """Read a port's lock and series, and check that they belong together.

    Raises:
        PortError: one is missing or malformed, or they do not belong together.
    """
    lock = read_lock(layout.lock)
    patches = read_series(layout.patches)
    if not lock.complete:
        raise PortError(f"{layout.lock} is not filled in yet", hint="npuport refresh")
    check_sums(lock, patches)
    return lock, patches


def settled(layout: Layout, lock: Lock) -> bool:
    """Whether the files of `out/ported` are the tree that the lock names."""
    return trees.ported_as_locked(trees.linked(layout.ported, len(lock.patches)), lock)


def build(
    repository: Path,
    lock: Lock,
    patches: Sequence[PatchFile],
    directory: Path,
    *,
    by_mail: bool = False,
) -> tuple[str, str]:
    """Make the ported tree in an empty directory: the pin checked out, the series as commits on it.

    Args:
        by_mail: let `git am` make the commits; slow, it proves the fast way.

    Returns:
        The last commit and its tree.

    Raises:
        PortError: see `apply_series`.
    """
    git.work_tree(repository, directory, lock.commit)
    if not patches:
        return lock.commit, lock.tree
    return apply_series(directory, lock.commit, patches, by_mail=by_mail)


def apply_series(
    directory: Path, base: str, patches: Sequence[PatchFile], *, by_mail: bool = False
) -> tuple[str, str]:
    """Commit a series on the commit that is checked out; every patch is parsed before git gets the first.

    Args:
        by_mail: see `build`.

    Returns:
        The last commit and its tree.

    Raises:
        PortError: a patch is malformed, or does not apply exactly.
    """
    from npuport.patch.apply import apply_exactly, load_tree  # late: unidiff, and nothing may be to do
    from npuport.patch.commits import Batch
    from npuport.patch.mail import parse_patch

    parsed = [parse_patch(patch.name, patch.data) for patch in patches]
    tree = load_tree(directory, base, parsed)
    batch = Batch()
    for patch in parsed:
        apply_exactly(tree, patch)
        batch.add(patch, tree)
    if by_mail:
        git.am(directory, b"".join(patch.mail for patch in parsed))
    else:
        batch.commit(directory)
    last = series_commits(directory, base, len(parsed))[-1]
    return last.id, last.tree


def series_commits(directory: Path, base: str, count: int) -> list[git.Commit]:
    """The commits of a series of so many patches, oldest first.

    Raises:
        PortError: git made another number of commits.
    """
    commits = git.commits_since(directory, base)
    if len(commits) != count:
        raise PortError(
            f"the series has {count} patches, git made {len(commits)} commits of them",
            hint="look for a patch that changes nothing, or for one that holds two mails",
        )
    return commits


def _port(
    layout: Layout,
    lock: Lock,
    patches: Sequence[PatchFile],
    *,
    offline: bool,
    force: bool,
    progress: Progress,
) -> Path | None:
    before = trees.linked(layout.ported)
    there = trees.state(layout.trees / lock.ported_commit, len(lock.patches))
    hint = "npuport refresh makes patches of them; npuport port --force sets them aside"
    for tree in () if force else (before, there):
        trees.refuse_if_touched(tree, hint=hint)
    repository = ensure(layout, lock, offline=offline, progress=progress)
    verify_pin(repository, lock)
    aside = None
    if there and trees.ported_as_locked(there, lock):
        trees.relink(layout.ported, there)
    else:
        with staged_directory(layout.out) as staged:
            built = build(repository, lock, patches, staged)
            check_ids(lock, *built)
            aside = trees.publish_tree(layout, staged, lock.ported_commit, layout.ported, tree=there)
    trees.prune(layout)
    if aside is None and before and not before.untouched:
        return before.path  # a tree of another commit: it stays, without a link to it
    return aside


def check_ids(lock: Lock, commit: str, tree: str) -> None:
    """Compare a ported tree with the lock.

    Raises:
        PortError: an id differs.
    """
    hint = "npuport refresh, if the lock was written by another version of npuport; else take it back"
    if tree != lock.ported_tree:
        raise PortError(f"the ported tree is {tree}, upstream.lock says {lock.ported_tree}", hint=hint)
    if commit != lock.ported_commit:
        raise PortError(f"the ported commit is {commit}, upstream.lock says {lock.ported_commit}", hint=hint)


def _result(layout: Layout, lock: Lock, *, changed: bool, aside: Path | None = None) -> PortResult:
    names = tuple(entry.name for entry in lock.patches)
    return PortResult(layout.ported, lock.ported_commit, lock.ported_tree, lock.commit, names, changed, aside)
