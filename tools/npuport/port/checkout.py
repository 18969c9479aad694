"""The clean tree at the pin, compared with the lock."""

import hashlib
from pathlib import Path

from npuport import git
from npuport.base.errors import PortError
from npuport.base.files import clean_staging, exclusive, staged_directory
from npuport.base.text import Progress, silent
from npuport.port import trees, upstream
from npuport.port.layout import Layout
from npuport.port.lock import Lock, read_lock
from npuport.port.lockrules import NO_LICENSE


def lock_file(layout: Layout) -> Path:
    """The lock file that a process holds while it changes `out/`."""
    return layout.out / ".lock"


def verify_pin(repository: Path, lock: Lock) -> tuple[str, str]:
    """Compare the pinned commit with the lock: commit, tree, licence. Empty fields are not compared.

    Returns:
        Upstream's tree id, and its licence's sha256 or `none`.

    Raises:
        PortError: something differs.
    """
    commit, tree = f"{lock.commit}^{{commit}}", f"{lock.commit}^{{tree}}"
    objects = git.read_objects(repository, [commit, tree, f"{lock.commit}^{{tree}}:{lock.license_file}"])
    if objects[0] is None or objects[0][0] != lock.commit or objects[1] is None:
        raise PortError(
            f"{lock.commit} is not a commit of upstream", hint="correct upstream.commit in upstream.lock"
        )
    if lock.tree and objects[1][0] != lock.tree:
        raise PortError(
            f"the tree of {lock.commit[:12]} is {objects[1][0]}, upstream.lock says {lock.tree}",
            hint="correct upstream.commit or upstream.tree in upstream.lock",
        )
    if objects[2] is None and lock.license_sha256 != NO_LICENSE:
        raise PortError(
            f"{lock.license_file} is not in upstream at {lock.commit[:12]}",
            hint=f"correct license.file in upstream.lock, or write `sha256: {NO_LICENSE}` below it",
        )
    sha256 = hashlib.sha256(objects[2][1]).hexdigest() if objects[2] else NO_LICENSE
    if lock.license_sha256 and sha256 != lock.license_sha256:
        raise PortError(
            f"upstream's {lock.license_file} has changed: its sha256 is {sha256}",
            hint="read it; if the port may continue, empty license.sha256 and npuport refresh",
        )
    return objects[1][0], sha256


def checkout(layout: Layout, *, offline: bool = False, progress: Progress = silent) -> Path:
    """Make `out/checkout` the clean tree at the pin, unless it is.

    Raises:
        PortError: upstream cannot be reached, does not match the lock, or the old checkout has edits.
    """
    lock = read_lock(layout.lock)
    if _settled(layout, lock):
        return layout.checkout
    with exclusive(lock_file(layout), lambda: progress("waiting for another npuport")):
        if _settled(layout, lock):
            return layout.checkout
        clean_staging(layout.out)
        finished = trees.state(layout.trees / lock.commit)
        for tree in (trees.linked(layout.checkout), finished):
            trees.refuse_if_touched(tree, hint="move it away: the checkout is not to be edited")
        repository = upstream.ensure(layout, lock, offline=offline, progress=progress)
        verify_pin(repository, lock)
        if finished is None:
            with staged_directory(layout.out) as staged:
                git.work_tree(repository, staged, lock.commit)
                trees.publish_tree(layout, staged, lock.commit, layout.checkout, tree=None)
        else:
            trees.relink(layout.checkout, finished)
        trees.prune(layout)
    return layout.checkout


def _settled(layout: Layout, lock: Lock) -> bool:
    tree = trees.linked(layout.checkout)
    return bool(tree and tree.untouched and tree.commit == lock.commit and tree.tree == lock.tree)
