"""A conflict that git has left in a work tree, told as clashes: what is there, what was expected, wanted."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from npuport import git, gitmerge
from npuport.diff import FileChange, Hunk
from npuport.exact import Tree, occurrences, split_lines
from npuport.patch import Patch
from npuport.rebase.culprit import Culprits
from npuport.rebase.verdict import Clash

Lines = list[bytes]


@dataclass(frozen=True)
class Region:
    """What stands between conflict markers: the markers' first line, counted from 1, and the three sides."""

    line: int
    upstream: Lines
    expected: Lines
    wanted: Lines


def regions(data: bytes) -> Iterator[Region]:
    """The conflicts marked in a file, in git's diff3 style."""
    sides: list[Lines] = []
    start = 0
    for number, line in enumerate(split_lines(data), 1):
        if line.startswith(b"<<<<<<< "):
            start, sides = number, [[], [], []]
            side = 0
        elif sides and line.startswith(b"||||||| "):
            side = 1
        elif sides and line.rstrip(b"\r\n") == b"=======":
            side = 2
        elif sides and line.startswith(b">>>>>>> "):
            yield Region(start, *sides)
            sides = []
        elif sides:
            sides[side].append(line)


def clashes(
    tree: Path, patch: Patch, old: Tree, culprits: Culprits, who: str = "upstream"
) -> tuple[Clash, ...]:
    """What keeps a patch from merging.

    Args:
        tree: the work tree where git has tried it and left its markers.
        old: the tree that the patch applies to exactly.
        who: has changed what the patch changes, as the reasons name it.
    """
    found: list[Clash] = []
    changes = {path: change for change in patch.changes for path in (change.old, change.new) if path}
    for path, stages in gitmerge.unmerged(tree).items():
        change = changes.get(path) or _renamed(path, changes, culprits)
        if change is None:
            found.append(Clash(path, 0, 0, (), (), (), "git cannot tell what becomes of this file", None))
        elif 2 not in stages:
            found.append(_gone(tree, path, change, culprits, who))
        elif 3 not in stages:
            culprit = culprits.who_changed(change.old or path)
            found.append(
                Clash(path, 0, 0, (), (), (), f"{who} changed the file, the patch takes it away", culprit)
            )
        else:
            found += _in_lines(tree, path, change, old, culprits, who)
    return tuple(found)


def _renamed(path: str, changes: dict[str, FileChange], culprits: Culprits) -> FileChange | None:
    """The change of the patch that belongs to a path under which upstream has the file now."""
    for old, change in changes.items():
        if culprits.trace(old)[0] == path:
            return change
    return next(iter(changes.values())) if len(changes) == 1 else None


def _gone(tree: Path, path: str, change: FileChange, culprits: Culprits, who: str) -> Clash:
    """The file is not there any more: who deleted it, and where its lines went."""
    name = change.old or path
    now, culprit = culprits.trace(name)
    reason = f"{who} moved it to {now}, too" if now and now != name else f"{who} deleted the file"
    hunk = change.hunks[0] if change.hunks else None
    return Clash(
        name,
        0,
        0,
        (),
        _text(hunk.old if hunk else ()),
        _text(hunk.new if hunk else ()),
        reason,
        culprit,
        _elsewhere(tree, change.hunks, culprits),
    )


def _elsewhere(tree: Path, hunks: tuple[Hunk, ...], culprits: Culprits) -> str:
    """Where the lines that a patch expects are now, among the files that upstream has changed."""
    entries = git.list_tree(tree, "HEAD")
    touched = dict.fromkeys(c.new for step in reversed(culprits.steps) for c in step.changes)
    paths = [path for path in touched if path in entries and entries[path].mode.startswith("100")]
    blobs = git.read_objects(tree, [entries[path].oid for path in paths])
    for hunk in hunks:
        for block in (hunk.old, hunk.old[hunk.leading : -hunk.trailing or None]):
            places = [
                (path, at + 1)
                for path, blob in zip(paths, blobs, strict=True)
                for at in occurrences(split_lines(blob[1] if blob else b""), block)
            ]
            if len(places) == 1:
                return f"{places[0][0]}:{places[0][1]}"
    return ""


def _in_lines(
    tree: Path, path: str, change: FileChange, old: Tree, culprits: Culprits, who: str
) -> Iterator[Clash]:
    """The conflicts marked in one file."""
    data = (tree / path).read_bytes() if (tree / path).is_file() else b""
    before = (old[change.old].lines or []) if change.old in old else []
    blob = git.read_objects(tree, [f"HEAD:{path}"])[0]
    reason = _conversion(who, before, split_lines(blob[1]) if blob else [])
    for region in regions(data):
        number = _hunk(change, region)
        block = change.hunks[number - 1].old if number else ()
        culprit = culprits.who_changed(change.old or path, region.expected, block)
        why = reason or (f"{who} has a file of that name, too" if change.old is None else _how(who, region))
        upstream, expected, wanted = map(_text, (region.upstream, region.expected, region.wanted))
        moved = _elsewhere(tree, change.hunks[number - 1 : number], culprits) if number else ""
        yield Clash(path, number, region.line, upstream, expected, wanted, why, culprit, moved)


def _conversion(who: str, before: Lines, after: Lines) -> str:
    """What was done to the file as a whole, where nothing else was."""
    if not before or before == after:
        return ""
    if [line.rstrip(b"\r\n") for line in before] == [line.rstrip(b"\r\n") for line in after]:
        return f"{who} converted the file's line ends"
    if [line.split() for line in before] == [line.split() for line in after]:
        return f"{who} changed the file's white space"
    if b"".join(before).split() == b"".join(after).split():
        return f"{who} wrapped the file's lines anew"
    return ""


def _how(who: str, region: Region) -> str:
    """How the lines that are there stand to the patch's."""
    if not region.upstream:
        return f"{who} removed the lines that it changes"
    if not region.expected:
        return f"{who} added lines in the same place"
    upstream, expected, wanted = (
        {line.strip() for line in side} for side in (region.upstream, region.expected, region.wanted)
    )
    brought = upstream - expected
    alike = brought & wanted
    much = ", much as the patch does" if brought and 2 * len(alike) >= len(brought) else ""
    return f"{who} changed the lines that it changes{much}"


def _hunk(change: FileChange, region: Region) -> int:
    """The number of the hunk that a conflict is about, counted from 1; 0 where none fits."""
    for number, hunk in enumerate(change.hunks, 1):
        for block, lines in ((region.expected, hunk.old), (region.wanted, hunk.new)):
            if block and occurrences(lines, block):
                return number
    best = 0.0
    chosen = 1 if change.hunks else 0
    for number, hunk in enumerate(change.hunks, 1):
        alike = len(set(hunk.new) & set(region.wanted)) / (len(set(hunk.new)) or 1)
        if alike > best:
            best, chosen = alike, number
    return chosen


def _text(lines: Iterable[bytes]) -> tuple[str, ...]:
    """Lines for people: without their ends, whatever bytes they hold."""
    return tuple(line.decode(errors="backslashreplace").rstrip("\r\n") for line in lines)
