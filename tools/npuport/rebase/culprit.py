"""The upstream commit that changed, brought, renamed or deleted what a patch is about."""

from collections.abc import Callable, Sequence
from pathlib import Path

from npuport import git
from npuport.git.history import DiffEntry, HistoryStep, UpstreamCommit, follow, steps
from npuport.patch.apply import occurrences, split_lines
from npuport.patch.parts import FileChange, Hunk, Patch

#: A file's lines; None where there is no such file.
Lines = Sequence[bytes] | None
Holds = Callable[[Lines], bool]
#: A step of history, by its number, and the commit that did something there.
Turn = tuple[int, UpstreamCommit]


class Culprits:
    """Upstream's history from the old pin to the new one, read when the first question needs it."""

    def __init__(self, repository: Path, old: str, new: str) -> None:
        self._repository = repository
        self._range = old, new
        self._read: tuple[HistoryStep, ...] | None = None

    @property
    def steps(self) -> tuple[HistoryStep, ...]:
        """The commits along first parents, oldest first."""
        if self._read is None:
            self._read = steps(self._repository, *self._range)
        return self._read

    def who_changed(self, path: str, *blocks: Sequence[bytes]) -> UpstreamCommit | None:
        """The last commit that took lines out of a file.

        Args:
            path: the file's name at the old pin.
            blocks: lines to look for, the most specific first; the first that was taken out decides. Where
                no commit took one out, the result is the last commit that changed the file.
        """
        for block in filter(None, blocks):
            if turn := self._turn(self.steps, path, _lacks(block)):
                return turn[1]
        last = self._last(self.steps, path, lambda change: change.old_oid != change.new_oid)
        return last[1] if last else None

    def who_brought(self, patch: Patch) -> UpstreamCommit | None:
        """The commit since which upstream has all of a patch; None where the history does not show it."""
        turns = filter(None, map(self._brought, patch.changes))
        return max(turns, default=(0, None), key=lambda turn: turn[0])[1]

    def trace(self, path: str) -> tuple[str, UpstreamCommit | None]:
        """A file's path at the new pin, empty where it is gone, and the commit that renamed or deleted it."""
        _, name = follow(self.steps, path)
        last = self._last(self.steps, path, lambda change: change.letter in "RD")
        return name, last[1] if last else None

    def who_moved(self, path: str) -> UpstreamCommit | None:
        """The last commit that renamed a file, or, of a file that the patch adds, those in its directory."""
        if commit := self.trace(path)[1]:
            return commit
        directory = path.rpartition("/")[0]
        for step in reversed(self.steps):
            if any(c.letter == "R" and c.old.rpartition("/")[0] == directory for c in step.changes):
                return step.commit
        return None

    def who_added(self, path: str) -> UpstreamCommit | None:
        """The last commit that put a file, or files in a directory, in a place."""
        for step in reversed(self.steps):
            for change in step.changes:
                if change.letter in "ARCT" and (change.new == path or change.new.startswith(f"{path}/")):
                    return step.commit
        return None

    def _brought(self, change: FileChange) -> Turn | None:
        path = change.old or change.path
        if change.new is None or not change.hunks:
            return self._last(self.steps, path, lambda c: c.letter in "RD" or c.old_oid == c.new_oid)
        return self._turn(self.steps, path, _has_change(change))

    def _last(
        self, history: Sequence[HistoryStep], path: str, wanted: Callable[[DiffEntry], bool]
    ) -> Turn | None:
        """The last commit that did something to a file."""
        happened, _ = follow(history, path)
        for step, change in reversed(happened):
            if wanted(change):
                by = self._inside(step, change, lambda side, name: self._last(side, name, wanted))
                return history.index(step), by
        return None

    def _turn(self, history: Sequence[HistoryStep], path: str, holds: Holds) -> Turn | None:
        """The commit since which something is true of a file, if it is true at the end."""
        happened, _ = follow(history, path)
        oids = list({oid for _, change in happened for oid in (change.old_oid, change.new_oid)})
        blobs = git.read_objects(self._repository, oids)
        truth = {
            oid: holds(split_lines(blob[1]) if blob else None) for oid, blob in zip(oids, blobs, strict=True)
        }
        for step, change in reversed(happened):
            if not truth[change.new_oid]:
                return None
            if not truth[change.old_oid]:
                by = self._inside(step, change, lambda side, name: self._turn(side, name, holds))
                return history.index(step), by
        return None

    def _inside(
        self, step: HistoryStep, change: DiffEntry, find: Callable[[Sequence[HistoryStep], str], Turn | None]
    ) -> UpstreamCommit:
        """The commit itself or, of a merge, the one on the merged side that did it."""
        for side in step.parents[1:]:
            if turn := find(steps(self._repository, step.parents[0], side), change.old):
                return turn[1]
        return step.commit


def _lacks(block: Sequence[bytes]) -> Holds:
    return lambda lines: not _holds(lines, block)


def _holds(lines: Lines, block: Sequence[bytes]) -> bool:
    return lines is not None and bool(occurrences(lines, block))


def _has_change(change: FileChange) -> Holds:
    """The test whether a file has what a change adds, and lacks what it removes."""

    def holds(lines: Lines) -> bool:
        if change.new is None:
            return lines is None
        return lines is not None and all(
            (not new or _holds(lines, new)) and (not old or _holds(new, old) or not _holds(lines, old))
            for old, new in map(_core, change.hunks)
        )

    return holds


def _core(hunk: Hunk) -> tuple[Sequence[bytes], Sequence[bytes]]:
    """What a hunk removes and adds, without the context around it."""
    end = -hunk.trailing or None
    return hunk.old[hunk.leading : end], hunk.new[hunk.leading : end]
