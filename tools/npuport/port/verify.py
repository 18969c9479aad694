"""Verify: derive the ported tree anew, and compare it with the lock and with `out/ported`."""

from dataclasses import dataclass

from npuport import git
from npuport.base.files import clean_staging, exclusive, staged_directory
from npuport.base.text import Progress, silent
from npuport.port import trees, upstream
from npuport.port.build import build, check_ids, read_port
from npuport.port.checkout import lock_file, verify_pin
from npuport.port.layout import Layout


@dataclass(frozen=True)
class VerifyResult:
    """The derived tree, and the differences of `out/ported` from it.

    Args:
        commit: the derived commit, equal to the lock's.
        tree: its tree.
        published: the tree id of the files on disk in `out/ported`; empty where there is none.
        differences: of `out/ported` from the derived tree, one a line.
    """

    commit: str
    tree: str
    published: str
    differences: tuple[str, ...]


def verify(layout: Layout, *, offline: bool = False, progress: Progress = silent) -> VerifyResult:
    """Derive the ported tree in a temporary directory, and hash its files and those of `out/ported`.

    Raises:
        PortError: the derived tree is not the one in the lock.
    """
    lock, patches = read_port(layout)
    with exclusive(lock_file(layout), lambda: progress("waiting for another npuport")):
        clean_staging(layout.out)
        repository = upstream.ensure(layout, lock, offline=offline, progress=progress)
        verify_pin(repository, lock)
        with staged_directory(layout.out) as staged:
            derived = staged / "ported"
            derived.mkdir()
            commit, tree = build(repository, lock, patches, derived, by_mail=True)
            check_ids(lock, commit, tree)
            (staged / "derived").mkdir()
            check_ids(lock, commit, git.tree_on_disk(derived, staged / "derived"))
            published = trees.linked(layout.ported)
            if published is None:
                return VerifyResult(commit, tree, "", ())
            (staged / "published").mkdir()
            on_disk = git.tree_on_disk(published.path, staged / "published") if published.commit else "none"
    differences = [f"{path} differs" for path in published.edits]
    if published.commit != commit:
        differences.insert(0, f"its commit is {published.commit or 'none'}, not {commit}")
    if on_disk != tree and not differences:
        differences.append(f"its files are tree {on_disk}, not {tree}")
    return VerifyResult(commit, tree, on_disk, tuple(differences))
