"""Which lines of the old files are which lines of the new ones, by the diff that git's own merge makes.

A block that occurs once in both files need not be the same block: upstream may have changed the one and
written a twin of it. Only a diff tells them apart. It must be git's, so that no patch lands where a three-way
merge would stop, or put it elsewhere.
"""

from pathlib import Path

from npuport import git
from npuport.patch.apply import Tree
from npuport.patch.parts import FileChange, Hunk, Patch


class Alignment:
    """Upstream's edits of each file, kept up to date while a series is placed on both sides.

    Args:
        repository: holds both commits.
        old: the old commit.
        new: the new one.
        before: the files of the old one that the series touches.
        after: the same of the new one.
    """

    def __init__(self, repository: Path, old: str, new: str, before: Tree, after: Tree) -> None:
        changed = {
            path: (file.lines, after[path].lines)
            for path, file in before.items()
            if path in after and file.lines != after[path].lines
        }
        edits = git.edits(repository, old, new, sorted(changed)) if changed else {}
        self._edits: dict[str, list[git.LineEdit] | None] = {}
        for path, sides in changed.items():
            ids = tuple(git.blob_id(b"".join(lines or [])) for lines in sides)
            self._edits[path] = edits.get(ids)

    def start(self, path: str, hunk: Hunk) -> int | None:
        """The index of a hunk's first line in the new file; None where upstream edited one of its lines."""
        edits = self._edits.get(path, [])
        if edits is None:
            return None
        end, shift = hunk.start + len(hunk.old), 0
        for edit in edits:
            if edit.start + edit.size <= hunk.start:
                shift += edit.new_size - edit.size
            elif edit.start < end:
                return None
        return hunk.start + shift

    def follow(self, patch: Patch) -> None:
        """Take over a patch that was placed: both sides changed alike."""
        for change in patch.changes:
            edits = self._edits.pop(change.old, []) if change.old else []
            if change.new and edits != []:
                self._edits[change.new] = edits and _shifted(edits, change)

    def forget(self, patch: Patch) -> None:
        """A patch was merged: what is known of its files holds no longer."""
        for change in patch.changes:
            self._edits |= {path: None for path in (change.old, change.new) if path}


def _shifted(edits: list[git.LineEdit], change: FileChange) -> list[git.LineEdit]:
    moved = []
    for edit in edits:
        above = [hunk for hunk in change.hunks if hunk.start + len(hunk.old) <= edit.start]
        moved.append(edit._replace(start=edit.start + sum(len(h.new) - len(h.old) for h in above)))
    return moved
