"""`out/`: finished trees in `out/trees/<commit>`, and the links `out/ported` and `out/checkout` to them."""

import itertools
import os
from dataclasses import dataclass
from pathlib import Path

from npuport import git
from npuport.base import files
from npuport.base.errors import PortError
from npuport.base.files import replace_link, retire
from npuport.port.layout import Layout
from npuport.port.lock import Lock


@dataclass(frozen=True)
class TreeState:
    """A tree in `out/trees`.

    Args:
        path: its directory.
        commit: its HEAD; empty where it is no longer a repository.
        tree: the id of HEAD's tree.
        base: the commit `depth` steps before HEAD; see `state`.
        base_tree: the id of its tree.
        edits: paths that differ from HEAD.
    """

    path: Path
    commit: str
    tree: str
    base: str
    base_tree: str
    edits: tuple[str, ...]

    @property
    def untouched(self) -> bool:
        """Whether HEAD is the commit in the directory's name, and no file is edited."""
        return self.commit == self.path.name and not self.edits


def linked(link: Path, depth: int = 0) -> TreeState | None:
    """The state of the tree that a link leads to; None where there is none. `depth`: see `state`."""
    path = _target(link)
    return state(path, depth) if path else None


def _target(link: Path) -> Path | None:
    try:
        return Path(os.path.normpath(link.parent / link.readlink()))
    except OSError:
        if link.exists():
            raise PortError(f"{link} is not a link", hint=f"move {link} away") from None
        return None


def state(path: Path, depth: int = 0) -> TreeState | None:
    """The state of a tree's directory; None where it is missing.

    Args:
        depth: how many commits are on the base: for the ported tree the length of the series.
    """
    if not path.is_dir():
        return None
    head = git.state(path, depth)
    if head is None:
        return TreeState(path, "", "", "", "", ("HEAD",))
    return TreeState(path, head.commit, head.tree, head.base, head.base_tree, head.edits)


def ported_as_locked(tree: TreeState | None, lock: Lock) -> bool:
    """Whether a tree, read to the depth of the series, is untouched and the one in the lock."""
    return (
        tree is not None
        and tree.untouched
        and (tree.commit, tree.tree) == (lock.ported_commit, lock.ported_tree)
        and (tree.base, tree.base_tree) == (lock.commit, lock.tree)
    )


def refuse_if_touched(tree: TreeState | None, hint: str) -> None:
    """Refuse to overwrite local edits.

    Raises:
        PortError: the tree has local edits or further commits.
    """
    if tree is None or tree.untouched:
        return
    if not tree.commit:
        what = "is no longer a git repository"
    elif tree.commit != tree.path.name:
        what = f"has other commits: HEAD is {tree.commit[:12]}"
    else:
        what = f"has local edits: {tree.edits[0]}" + (
            f" and {len(tree.edits) - 1} more" if tree.edits[1:] else ""
        )
    raise PortError(f"{tree.path} {what}", hint=hint)


def publish_tree(
    layout: Layout, staged: Path, commit: str, link: Path, *, tree: TreeState | None
) -> Path | None:
    """Publish a finished tree as `out/trees/<commit>`, and link to it.

    Args:
        tree: the edited tree that has this name; it is moved aside.

    Returns:
        Where the edited tree is now; None where there was none.
    """
    target = layout.trees / commit
    aside = None
    if tree is not None:
        paths = (layout.trees / f"{commit}.edited-{number}" for number in itertools.count(1))
        staged = aside = staged.rename(next(path for path in paths if not path.exists()))
    files.publish(staged, target)
    replace_link(link, target)
    return aside


def keep(layout: Layout, staged: Path, commit: str) -> None:
    """Publish a finished tree unless it exists; the next port links to it."""
    if not (layout.trees / commit).exists():
        files.publish(staged, layout.trees / commit)


def relink(link: Path, tree: TreeState) -> None:
    """Let a link lead to an existing tree."""
    replace_link(link, tree.path)


def prune(layout: Layout) -> None:
    """Remove the untouched trees without a link."""
    kept = {_target(link) for link in (layout.ported, layout.checkout)}
    for path in sorted(set(layout.trees.iterdir()) - kept):
        tree = state(path)
        if tree and tree.untouched and not git.belongings(path):
            retire(path, layout.out)
