"""Where a patch lands in a tree that upstream has changed: found in memory, surely or not at all.

A patch is placed where upstream left its files alone, and where each of its hunks, context and all, stands
exactly once in the file as it was and exactly once in the file as it is. Anything less sure (a hunk that
fits two places, a file that is gone, a hunk without lines of its own) is left to git's three-way merge.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from npuport import git
from npuport.base.errors import PortError
from npuport.patch.apply import Tree, apply_exactly, occurrences
from npuport.patch.diff import FileChange, Hunk
from npuport.patch.mail import Patch, parse_patch
from npuport.rebase.verdict import Offset

_HEADER = re.compile(rb"@@ -(\d+)(,\d+)? \+(\d+)(,\d+)? @@")
_INDEX = re.compile(rb"index [0-9a-f]+\.\.[0-9a-f]+")


@dataclass(frozen=True)
class Placed:
    """A patch as it applies exactly to the new tree: the same object where it did already."""

    patch: Patch
    offsets: tuple[Offset, ...]


def place(old: Tree, new: Tree, patch: Patch) -> Placed | None:
    """Place a patch.

    Args:
        old: the tree that it applies to exactly.
        new: the tree where it is wanted.

    Returns:
        None where only a merge can tell.
    """
    starts: dict[str, list[int]] = {}
    for change in patch.changes:
        found = _places(old, new, change)
        if found is None:
            return None
        starts[change.path] = found
    offsets = tuple(
        Offset(change.path, number, start - line_of(hunk))
        for change in patch.changes
        for number, (hunk, start) in enumerate(zip(change.hunks, starts[change.path], strict=True), 1)
        if start != line_of(hunk)
    )
    moved = move(new, patch, starts) if offsets else patch
    try:  # the same check as a port makes: it also sees what lies in the way of new paths
        apply_exactly(dict(new), moved)
    except PortError:
        return None
    return Placed(moved, offsets)


def line_of(hunk: Hunk) -> int:
    """The index, from 0, of the first line that a hunk says it replaces."""
    return hunk.old_start - 1 if hunk.old else hunk.old_start


def _places(old: Tree, new: Tree, change: FileChange) -> list[int] | None:
    """The index of each hunk of a change in the new tree; None where it is not sure."""
    if change.old is None:
        parent = (change.new or "").rpartition("/")[0]
        gone = parent and _has(old, parent) and not _has(new, parent)
        return None if gone else [line_of(hunk) for hunk in change.hunks]
    before, after = old[change.old], new.get(change.old)
    if after is None or after.mode != before.mode:
        return None
    if before.lines is None or after.lines is None:  # a link or a submodule
        return None
    if after.lines == before.lines:
        return [line_of(hunk) for hunk in change.hunks]
    if change.new is None:  # it deletes what upstream has changed
        return None
    starts: list[int] = []
    for hunk in change.hunks:
        if not all(_once(before.lines, block) and _once(after.lines, block) for block in _blocks(hunk)):
            return None
        if occurrences(after.lines, hunk.new):
            return None  # upstream has it already, perhaps
        start = occurrences(after.lines, hunk.old)[0]
        if starts and start < starts[-1]:
            return None
        if not hunk.trailing and start + len(hunk.old) != len(after.lines):
            return None  # it stood at the end of the file, and does no more
        starts.append(start)
    return starts


def _blocks(hunk: Hunk) -> tuple[Sequence[bytes], ...]:
    """What must stand just once: the hunk, and what it replaces by itself, or the lines beside an insertion.

    The hunk as a whole is not enough: where upstream copied a function, the copy may have taken over the
    context.
    """
    end = len(hunk.old) - hunk.trailing
    core = hunk.old[hunk.leading : end]
    return hunk.old, core or hunk.old[max(hunk.leading - 1, 0) : end + 1]


def _once(lines: list[bytes], block: Sequence[bytes]) -> bool:
    return len(occurrences(lines, block)) == 1


def _has(tree: Tree, directory: str) -> bool:
    return any(path.startswith(f"{directory}/") for path in tree)


def move(new: Tree, patch: Patch, starts: dict[str, list[int]]) -> Patch:
    """A patch with other line numbers and blob ids, every other byte as it was.

    Args:
        starts: by the path of the change, for each hunk the index of its first line in the new tree.
    """
    data = patch.data[patch.diff_start :].split(b"\n")
    changes = iter(patch.changes)
    hunks: Iterator[tuple[Hunk, int]] = iter(())
    ids, shift = b"", 0
    for at, line in enumerate(data):
        if line.startswith(b"diff --git "):
            change = next(changes)
            hunks, shift = iter(zip(change.hunks, starts[change.path], strict=True)), 0
            ids = _ids(new, change, starts[change.path])
        elif line.startswith(b"index ") and ids:
            data[at] = _INDEX.sub(ids, line, count=1)
        elif header := _HEADER.match(line):
            hunk, start = next(hunks)
            first = start + (1 if hunk.old else 0)
            there = start + shift + (1 if hunk.new else 0)
            shift += len(hunk.new) - len(hunk.old)
            sizes = header[2] or b"", header[4] or b""
            data[at] = b"@@ -%d%s +%d%s @@" % (first, sizes[0], there, sizes[1]) + line[header.end() :]
    return parse_patch(patch.name, patch.data[: patch.diff_start] + b"\n".join(data))


def _ids(new: Tree, change: FileChange, starts: list[int]) -> bytes:
    """The `index` line of a moved change, without the mode; empty where its file is new."""
    if change.old is None:
        return b""
    lines = new[change.old].lines or []
    result: list[bytes] = []
    done = 0
    for hunk, start in zip(change.hunks, starts, strict=True):
        result += [*lines[done:start], *hunk.new]
        done = start + len(hunk.old)
    before, after = (git.blob_id(b"".join(side)) for side in (lines, result + lines[done:]))
    return f"index {before}..{after}".encode()
