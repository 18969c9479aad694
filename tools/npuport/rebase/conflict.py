"""A conflict that git has left in a work tree, told as clashes: what is there, what was expected, wanted."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from npuport import git
from npuport.git.history import UpstreamCommit
from npuport.patch.apply import Tree, occurrences, split_lines
from npuport.patch.reader import FileChange, Hunk, Patch
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
    return tuple(_Conflict(tree, patch, old, culprits, who).clashes())


class _Conflict:
    """A conflict in a work tree, and whom to ask about it."""

    def __init__(self, tree: Path, patch: Patch, old: Tree, culprits: Culprits, who: str) -> None:
        self._tree = tree
        self._old = old
        self._culprits = culprits
        self._who = who
        self._there = git.list_tree(tree, "HEAD")
        self._patch = patch
        self._changes = {
            path: change for change in patch.changes for path in (change.old, change.new) if path
        }

    def clashes(self) -> Iterator[Clash]:
        """All of it, file by file."""
        obstacles = [found for change in self._patch.changes if (found := self._obstacle(change))]
        yield from obstacles
        for path, stages in git.unmerged(self._tree).items():
            if obstacles and "~" in path:  # git's own name for one of two that cannot both be there
                continue
            change = self._change_of(path)
            if change is None:
                yield _whole(path, "git cannot tell what becomes of this file", None)
            elif 2 not in stages:
                yield self._gone(path, change)
            elif 3 not in stages:
                yield self._taken_away(path, change)
            else:
                yield from self._in_lines(path, change)

    def _change_of(self, path: str) -> FileChange | None:
        """The change of the patch that belongs to a path, perhaps one that upstream gave the file."""
        if path in self._changes:
            return self._changes[path]
        for old, change in self._changes.items():
            if self._culprits.trace(old)[0] == path:
                return change
        return next(iter(self._changes.values())) if len(self._changes) == 1 else None

    def _obstacle(self, change: FileChange) -> Clash | None:
        """A file of upstream's where the patch needs a directory, or the other way round."""
        if not change.new or change.new == change.old:
            return None
        parts = change.new.split("/")
        for parent in ("/".join(parts[:end]) for end in range(1, len(parts))):
            if parent in self._there:
                reason = f"{self._who} has a file where the patch needs a directory"
                return _whole(parent, reason, self._culprits.who_added(parent))
        if any(path.startswith(f"{change.new}/") for path in self._there):
            reason = f"{self._who} has a directory where the patch puts a file"
            return _whole(change.new, reason, self._culprits.who_added(change.new))
        return None

    def _gone(self, path: str, change: FileChange) -> Clash:
        """The file is not there any more: who deleted it, and where its lines went."""
        name = change.old or path
        now, culprit = self._culprits.trace(name)
        moved = now and now != name
        reason = f"{self._who} moved it to {now}, too" if moved else f"{self._who} deleted the file"
        hunk = change.hunks[0] if change.hunks else None
        expected, wanted = (_text(hunk.old), _text(hunk.new)) if hunk else ((), ())
        return Clash(name, 0, 0, (), expected, wanted, reason, culprit, self._elsewhere(change.hunks))

    def _taken_away(self, path: str, change: FileChange) -> Clash:
        """The patch deletes or renames what upstream has changed."""
        name = change.old or path
        now, mover = self._culprits.trace(name)
        if now and now != name:
            return _whole(path, f"{self._who} renamed it to {now}, the patch takes it away", mover)
        culprit = self._culprits.who_changed(name)
        return _whole(path, f"{self._who} changed the file, the patch takes it away", culprit)

    def _elsewhere(self, hunks: tuple[Hunk, ...]) -> str:
        """Where the lines that a patch expects are now, among the files that upstream has changed."""
        touched = dict.fromkeys(c.new for step in reversed(self._culprits.steps) for c in step.changes)
        paths = [path for path in touched if path in self._there and self._there[path].mode[:3] == "100"]
        blobs = git.read_objects(self._tree, [self._there[path].oid for path in paths])
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

    def _in_lines(self, path: str, change: FileChange) -> Iterator[Clash]:
        """The conflicts marked in one file."""
        file = self._tree / path
        data = file.read_bytes() if file.is_file() and not file.is_symlink() else b""
        before = (self._old[change.old].lines or []) if change.old in self._old else []
        blob = git.read_objects(self._tree, [f"HEAD:{path}"])[0]
        there = blob[1] if blob else b""
        marked = list(regions(data))
        if not marked:
            what = (
                "made it binary" if b"\0" in there else "changed it in a way that no lines can be merged with"
            )
            yield _whole(path, f"{self._who} {what}", self._culprits.who_changed(change.old or path))
        reason = _conversion(self._who, before, split_lines(there))
        for region in marked:
            number = _hunk(change, region)
            block = change.hunks[number - 1].old if number else ()
            culprit = self._culprits.who_changed(change.old or path, region.expected, block)
            new = f"{self._who} has a file of that name, too" if change.old is None else ""
            upstream, expected, wanted = map(_text, (region.upstream, region.expected, region.wanted))
            why = reason or new or _how(self._who, region)
            moved = self._elsewhere(change.hunks[number - 1 : number]) if number else ""
            yield Clash(path, number, region.line, upstream, expected, wanted, why, culprit, moved)


def _whole(path: str, reason: str, culprit: UpstreamCommit | None) -> Clash:
    """A clash about a file as a whole."""
    return Clash(path, 0, 0, (), (), (), reason, culprit)


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
