"""The clashes of a conflict that git has left in a work tree: lines of upstream, expected and wanted."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from npuport import git
from npuport.git.history import UpstreamCommit
from npuport.patch.apply import Tree, occurrences, split_lines
from npuport.patch.parts import FileChange, Hunk, Patch
from npuport.rebase.culprit import Culprits
from npuport.rebase.verdict import Clash

Lines = list[bytes]


@dataclass(frozen=True)
class Region:
    """The lines between conflict markers: the number of the first marker's line, and the three sides."""

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
    """The places where a patch does not merge.

    Args:
        tree: the work tree where git has tried to merge it and left its markers.
        old: the tree that the patch applies to exactly.
        who: the word of the reasons for the other side.
    """
    return tuple(_Conflict(tree, patch, old, culprits, who).clashes())


class _Conflict:
    """A conflict in a work tree, and upstream's history to explain it."""

    def __init__(self, tree: Path, patch: Patch, old: Tree, culprits: Culprits, who: str) -> None:
        self._tree = tree
        self._old = old
        self._culprits = culprits
        self._who = who
        self._files = git.list_tree(tree, "HEAD")
        self._patch = patch
        self._changes = {
            path: change for change in patch.changes for path in (change.old, change.new) if path
        }

    def clashes(self) -> Iterator[Clash]:
        obstacles = [clash for change in self._patch.changes if (clash := self._obstacle(change))]
        yield from obstacles
        for path, stages in git.unmerged(self._tree).items():
            if obstacles and "~" in path:  # git's own name for one of two that cannot both exist
                continue
            change = self._change_of(path)
            if change is None:
                yield _whole(path, "git cannot tell what becomes of this file", None)
            elif 2 not in stages:
                yield self._deleted(path, change)
            elif 3 not in stages:
                yield self._removed_by_patch(path, change)
            else:
                yield from self._in_lines(path, change)

    def _change_of(self, path: str) -> FileChange | None:
        """The change of the patch that belongs to a path; upstream may have given the file that path."""
        if path in self._changes:
            return self._changes[path]
        for old, change in self._changes.items():
            if self._culprits.trace(old)[0] == path:
                return change
        return next(iter(self._changes.values())) if len(self._changes) == 1 else None

    def _obstacle(self, change: FileChange) -> Clash | None:
        """The clash of a file of upstream's where the patch needs a directory, or the reverse."""
        if not change.new or change.new == change.old:
            return None
        parts = change.new.split("/")
        for parent in ("/".join(parts[:end]) for end in range(1, len(parts))):
            if parent in self._files:
                reason = f"{self._who} has a file where the patch needs a directory"
                return _whole(parent, reason, self._culprits.who_added(parent))
        if any(path.startswith(f"{change.new}/") for path in self._files):
            reason = f"{self._who} has a directory where the patch puts a file"
            return _whole(change.new, reason, self._culprits.who_added(change.new))
        return None

    def _deleted(self, path: str, change: FileChange) -> Clash:
        """The clash of a file that upstream has deleted: by which commit, and where its lines are now."""
        name = change.old or path
        now, culprit = self._culprits.trace(name)
        moved = now and now != name
        reason = f"{self._who} moved it to {now}, too" if moved else f"{self._who} deleted the file"
        hunk = change.hunks[0] if change.hunks else None
        expected, wanted = (_text(hunk.old), _text(hunk.new)) if hunk else ((), ())
        return Clash(name, 0, 0, (), expected, wanted, reason, culprit, self._elsewhere(change.hunks))

    def _removed_by_patch(self, path: str, change: FileChange) -> Clash:
        """The clash of a file that the patch deletes or renames and upstream has changed."""
        name = change.old or path
        now, mover = self._culprits.trace(name)
        if now and now != name:
            return _whole(path, f"{self._who} renamed it to {now}, the patch removes it", mover)
        culprit = self._culprits.who_changed(name)
        return _whole(path, f"{self._who} changed the file, the patch removes it", culprit)

    def _elsewhere(self, hunks: tuple[Hunk, ...]) -> str:
        """Where the lines that hunks expect are now, among the files that upstream has changed."""
        touched = dict.fromkeys(c.new for step in reversed(self._culprits.steps) for c in step.changes)
        paths = [path for path in touched if path in self._files and self._files[path].mode[:3] == "100"]
        blobs = git.read_objects(self._tree, [self._files[path].oid for path in paths])
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
        upstreams = blob[1] if blob else b""
        marked = list(regions(data))
        if not marked:
            how = "made it binary" if b"\0" in upstreams else "changed it so that no lines can be merged"
            yield _whole(path, f"{self._who} {how}", self._culprits.who_changed(change.old or path))
        reason = _conversion(self._who, before, split_lines(upstreams))
        for region in marked:
            number = _hunk(change, region)
            block = change.hunks[number - 1].old if number else ()
            culprit = self._culprits.who_changed(change.old or path, region.expected, block)
            new = f"{self._who} added a file of that name, too" if change.old is None else ""
            upstream, expected, wanted = map(_text, (region.upstream, region.expected, region.wanted))
            why = reason or new or _how(self._who, region)
            moved = self._elsewhere(change.hunks[number - 1 : number]) if number else ""
            yield Clash(path, number, region.line, upstream, expected, wanted, why, culprit, moved)


def _whole(path: str, reason: str, culprit: UpstreamCommit | None) -> Clash:
    """A clash about a file as a whole."""
    return Clash(path, 0, 0, (), (), (), reason, culprit)


def _conversion(who: str, before: Lines, after: Lines) -> str:
    """The reason of a clash where upstream changed nothing but white space; else empty."""
    if not before or before == after:
        return ""
    if [line.rstrip(b"\r\n") for line in before] == [line.rstrip(b"\r\n") for line in after]:
        return f"{who} converted the file's line ends"
    if [line.split() for line in before] == [line.split() for line in after]:
        return f"{who} changed the file's white space"
    if b"".join(before).split() == b"".join(after).split():
        return f"{who} wrapped the file's lines differently"
    return ""


def _how(who: str, region: Region) -> str:
    """The reason of a clash, from its three sides."""
    if not region.upstream:
        return f"{who} removed the lines that the patch changes"
    if not region.expected:
        return f"{who} added lines in the same place"
    upstream, expected, wanted = (
        {line.strip() for line in side} for side in (region.upstream, region.expected, region.wanted)
    )
    brought = upstream - expected
    alike = brought & wanted
    if brought and 2 * len(alike) >= len(brought):
        return f"{who} made a similar change to the lines that the patch changes"
    return f"{who} changed the lines that the patch changes"


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
    """Lines as text without their ends; bytes that are not UTF-8 are spelled out."""
    return tuple(line.decode(errors="backslashreplace").rstrip("\r\n") for line in lines)
