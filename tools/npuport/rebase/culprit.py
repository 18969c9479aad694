"""Which commit of upstream's changed, brought, renamed or deleted what a patch is about."""

from collections.abc import Callable, Sequence
from pathlib import Path

from npuport import git
from npuport.diff import FileChange, Hunk
from npuport.exact import occurrences, split_lines
from npuport.history import Change, Step, UpstreamCommit, follow, steps
from npuport.patch import Patch

#: A file's lines; None where there is no such file.
Lines = Sequence[bytes] | None
Holds = Callable[[Lines], bool]


class Culprits:
    """Upstream's history from the old pin to the new one, read only when it is asked for."""

    def __init__(self, repository: Path, old: str, new: str) -> None:
        self._repository = repository
        self._range = old, new
        self._read: tuple[Step, ...] | None = None

    @property
    def steps(self) -> tuple[Step, ...]:
        """The commits along first parents, oldest first."""
        if self._read is None:
            self._read = steps(self._repository, *self._range)
        return self._read

    def who_changed(self, path: str, *blocks: Sequence[bytes]) -> UpstreamCommit | None:
        """The last commit that took lines out of a file.

        Args:
            path: the file's name at the old pin.
            blocks: lines to look for, the most telling first; the first that was taken out decides. Where
                history tells of none of them, it is the last commit that changed the file.
        """
        for block in filter(None, blocks):
            if found := self._turn(self.steps, path, _lacks(block)):
                return found[1]
        return self._last(self.steps, path, lambda change: change.old_oid != change.new_oid)

    def who_brought(self, patch: Patch) -> UpstreamCommit | None:
        """The commit since which upstream has all of a patch; None where history does not tell."""
        turns = [
            self._turn(self.steps, change.old or change.path, _has_it(change)) for change in patch.changes
        ]
        return max(filter(None, turns), default=(0, None), key=lambda turn: turn[0])[1]

    def trace(self, path: str) -> tuple[str, UpstreamCommit | None]:
        """What a file of the old pin is called at the new one, empty where it is gone, and who did that."""
        _, name = follow(self.steps, path)
        return name, self._last(self.steps, path, lambda change: change.letter in "RD")

    def _last(
        self, history: Sequence[Step], path: str, wanted: Callable[[Change], bool]
    ) -> UpstreamCommit | None:
        """The last commit that did something to a file."""
        happened, _ = follow(history, path)
        for step, change in reversed(happened):
            if wanted(change):
                return self._inside(step, change, lambda side, name: self._last(side, name, wanted))
        return None

    def _turn(self, history: Sequence[Step], path: str, holds: Holds) -> tuple[int, UpstreamCommit] | None:
        """Since when something holds of a file, if it does at the end: the number of the step, its commit."""
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
                by = self._inside(
                    step, change, lambda side, name: (self._turn(side, name, holds) or (0, None))[1]
                )
                return history.index(step), by
        return None

    def _inside(
        self, step: Step, change: Change, find: Callable[[Sequence[Step], str], UpstreamCommit | None]
    ) -> UpstreamCommit:
        """The commit itself or, of a merge, the one on the merged side that did it."""
        for side in step.parents[1:]:
            if found := find(steps(self._repository, step.parents[0], side), change.old):
                return found
        return step.commit


def _lacks(block: Sequence[bytes]) -> Holds:
    return lambda lines: not _holds(lines, block)


def _holds(lines: Lines, block: Sequence[bytes]) -> bool:
    return lines is not None and bool(occurrences(lines, block))


def _has_it(change: FileChange) -> Holds:
    """Whether a file is as a change makes it: what it adds is there, what it removes is not."""

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
