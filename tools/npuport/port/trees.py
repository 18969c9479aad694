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
    """What one of the links leads to.

    Args:
        path: the tree's directory.
        commit: its HEAD; empty where it is no repository any more.
        tree: the id of HEAD's tree.
        base: the commit as many steps back as were asked for.
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
        """Whether it is as it was published: HEAD is the commit it is named by, and nothing is edited."""
        return self.commit == self.path.name and not self.edits


def linked(link: Path, depth: int = 0) -> TreeState | None:
    """What a link leads to; None where there is nothing. `depth` is that of `state`."""
    path = _target(link)
    return state(path, depth) if path else None


def _target(link: Path) -> Path | None:
    try:
        return Path(os.path.normpath(link.parent / link.readlink()))
    except OSError:
        if link.exists():
            raise PortError(f"{link} is not a link of npuport's", hint=f"move {link} away") from None
        return None


def state(path: Path, depth: int = 0) -> TreeState | None:
    """What a tree's directory holds; None where it is missing.

    Args:
        depth: how many commits were put on the base, for the series its length.
    """
    if not path.is_dir():
        return None
    found = git.state(path, depth)
    if found is None:
        return TreeState(path, "", "", "", "", ("HEAD",))
    return TreeState(path, found.commit, found.tree, found.base, found.base_tree, found.edits)


def ported_as_locked(tree: TreeState | None, lock: Lock) -> bool:
    """Whether a tree, looked at to the depth of the series, is untouched and what the lock says."""
    return (
        tree is not None
        and tree.untouched
        and (tree.commit, tree.tree) == (lock.ported_commit, lock.ported_tree)
        and (tree.base, tree.base_tree) == (lock.commit, lock.tree)
    )


def refuse_if_touched(tree: TreeState | None, hint: str) -> None:
    """Keep a person's work.

    Raises:
        PortError: the tree has local edits or further commits.
    """
    if tree is None or tree.untouched:
        return
    if not tree.commit:
        what = "is no git repository any more"
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
    """Give a finished tree its name and its link.

    Args:
        tree: what has that name already, with a person's edits in it.

    Returns:
        Where those edits are now; None where there were none.
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
    """Give a finished tree its name, where none has it; a link comes with the next port."""
    if not (layout.trees / commit).exists():
        files.publish(staged, layout.trees / commit)


def relink(link: Path, tree: TreeState) -> None:
    """Let a link lead to a tree that is there already."""
    replace_link(link, tree.path)


def prune(layout: Layout) -> None:
    """Remove trees that nothing leads to and nobody has touched."""
    kept = {_target(link) for link in (layout.ported, layout.checkout)}
    for path in sorted(set(layout.trees.iterdir()) - kept):
        tree = state(path)
        if tree and tree.untouched and not git.belongings(path):
            retire(path, layout.out)
