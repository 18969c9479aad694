"""Place a patch in a tree that upstream has changed: in memory, and only where it is sure.

A patch is placed where upstream left its files alone, and where each of its hunks, context included, occurs
exactly once in the old file and exactly once in the new one, at the same place by git's diff of the two
(`align`). Anything less sure (a hunk that fits two places, a deleted file, a hunk without lines of its own)
is left to git's three-way merge.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from npuport import git
from npuport.base.errors import PortError
from npuport.patch.apply import Tree, apply_exactly, occurrences
from npuport.patch.mail import parse_patch
from npuport.patch.parts import FileChange, Hunk, Patch
from npuport.rebase.align import Alignment
from npuport.rebase.verdict import Offset

_STARTS = re.compile(rb"^@@ -\d+(,\d+|) \+\d+(,\d+|) @@")
_INDEX = re.compile(rb"^index [0-9a-f]+\.\.[0-9a-f]+")


@dataclass(frozen=True)
class Placed:
    """A patch that applies exactly to the new tree, the same object if unchanged, and its offsets."""

    patch: Patch
    offsets: tuple[Offset, ...]


def place(old: Tree, new: Tree, patch: Patch, alignment: Alignment) -> Placed | None:
    """Place a patch, which applies exactly to the old tree, in the new one; None where it needs a merge.

    Args:
        alignment: of the two trees.
    """
    starts: dict[str, list[int]] = {}
    for change in patch.changes:
        places = _places(old, new, change, alignment)
        if places is None:
            return None
        starts[change.path] = places
    offsets = tuple(
        Offset(change.path, number, start - hunk.start)
        for change in patch.changes
        for number, (hunk, start) in enumerate(zip(change.hunks, starts[change.path], strict=True), 1)
        if start != hunk.start
    )
    moved = move(new, patch, starts) if offsets else patch
    try:  # as a port does: this also finds files in the way of new paths
        apply_exactly(dict(new), moved)
    except PortError:
        return None
    return Placed(moved, offsets)


def _places(old: Tree, new: Tree, change: FileChange, alignment: Alignment) -> list[int] | None:
    """The index of each hunk of a change in the new tree; None where one is not sure."""
    if change.old is None:
        parent = (change.new or "").rpartition("/")[0]
        had, has = (any(path.startswith(f"{parent}/") for path in tree) for tree in (old, new))
        gone = parent and had and not has
        return None if gone else [hunk.start for hunk in change.hunks]
    before, after = old[change.old], new.get(change.old)
    if after is None or after.mode != before.mode:
        return None
    if before.lines is None or after.lines is None:  # a link or a submodule
        return None
    if after.lines == before.lines:
        return [hunk.start for hunk in change.hunks]
    if change.new is None:  # it deletes what upstream has changed
        return None
    starts: list[int] = []
    for hunk in change.hunks:
        sides = before.lines, after.lines
        if any(len(occurrences(lines, block)) != 1 for block in _blocks(hunk) for lines in sides):
            return None
        if occurrences(after.lines, hunk.new):
            return None  # upstream may have it already
        start = occurrences(after.lines, hunk.old)[0]
        if start != alignment.start(change.old, hunk):
            return None  # a twin of the place that is meant
        if not hunk.leading and start:
            return None  # an edit may be right above it
        if not hunk.trailing and start + len(hunk.old) != len(after.lines):
            return None  # it was at the end of the file, and is no longer
        starts.append(start)
    return starts


def _blocks(hunk: Hunk) -> tuple[Sequence[bytes], ...]:
    """The lines that must occur once: the hunk, and the lines that it replaces or between which it inserts.

    The hunk alone is not enough: where upstream copied a function, the copy may have the context now.
    """
    end = len(hunk.old) - hunk.trailing
    core = hunk.old[hunk.leading : end]
    return hunk.old, core or hunk.old[max(hunk.leading - 1, 0) : end + 1]


def move(new: Tree, patch: Patch, starts: Mapping[str, Sequence[int]]) -> Patch:
    """A patch with other line numbers and blob ids, every other byte as it was.

    Args:
        starts: by the path of the change, for each hunk the index of its first line in the new tree.
    """
    lines = patch.data.split(b"\n")
    for change in patch.changes:
        if change.old and change.index:
            at = change.index.number - 1
            lines[at] = _INDEX.sub(_ids(new, change, starts[change.path]), lines[at])
        shift = 0
        for hunk, start in zip(change.hunks, starts[change.path], strict=True):
            before = start + (1 if hunk.old else 0)
            after = start + shift + (1 if hunk.new else 0)
            shift += len(hunk.new) - len(hunk.old)
            at = hunk.header.number - 1
            lines[at] = _STARTS.sub(rb"@@ -%d\1 +%d\2 @@" % (before, after), lines[at])
    return parse_patch(patch.name, b"\n".join(lines))


def _ids(new: Tree, change: FileChange, starts: Sequence[int]) -> bytes:
    """The `index` line of a moved change, without the mode."""
    lines = new[change.old or ""].lines or []
    result: list[bytes] = []
    done = 0
    for hunk, start in zip(change.hunks, starts, strict=True):
        result += [*lines[done:start], *hunk.new]
        done = start + len(hunk.old)
    before, after = (git.blob_id(b"".join(side)) for side in (lines, result + lines[done:]))
    return f"index {before}..{after}".encode()
