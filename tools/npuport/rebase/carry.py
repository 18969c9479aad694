"""Carry a series from one commit of upstream's to another: a verdict on each patch, and the new series.

What a patch changes is found in memory where that is sure (`place`); every other patch is a `git cherry-pick`
of its commit on the old pin, a three-way merge that follows renames. Patches become commits as `npuport port`
makes them, so that what comes out is the ported tree.
"""

import contextlib
import posixpath
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from npuport import git
from npuport.base.errors import PortError
from npuport.patch.apply import apply_exactly, load_tree, split_lines
from npuport.patch.commits import Batch
from npuport.patch.mail import parse_patch, with_diff
from npuport.patch.reader import FileChange, Patch
from npuport.port.lock import Lock
from npuport.port.series import PatchFile
from npuport.rebase.conflict import clashes
from npuport.rebase.culprit import Culprits
from npuport.rebase.place import move, place
from npuport.rebase.verdict import Clash, Kind, Offset, Rename, Verdict
from npuport.rebase.whitespace import as_there


@dataclass(frozen=True)
class Decision:
    """What a person has decided about a patch: the verdict, and its new bytes; None leaves it out."""

    verdict: Verdict
    data: bytes | None


@dataclass(frozen=True)
class Carried:
    """A series on the new pin, as far as it goes without a person.

    Args:
        verdicts: a patch each, in order; the last one needs a person if `stopped`.
        series: the new series, so far.
        commit: what it ends in, checked out in the work tree.
        tree: its tree id.
        stopped: whether a patch needs a person; the work tree then holds its conflict markers.
    """

    verdicts: tuple[Verdict, ...]
    series: tuple[PatchFile, ...]
    commit: str
    tree: str
    stopped: bool


def carry(
    repository: Path,
    lock: Lock,
    files: Sequence[PatchFile],
    target: str,
    directory: Path,
    decisions: Mapping[str, Decision] | None = None,
    *,
    ahead: bool = False,
    explain: bool = True,
) -> Carried:
    """Carry a series.

    Args:
        repository: holds both pins.
        lock: names the old pin, where the series applies exactly.
        files: the series.
        target: the new pin; the lock's own where only decisions are to be carried out.
        directory: an empty one; the work tree is made in its `tree`.
        decisions: by patch, what a person has decided already.
        ahead: do not stop at a conflict, but decide it for the patch and look on. The series that comes of
            it is no good; the verdicts tell what is to be expected.
        explain: look for the upstream commit behind a conflict, or behind an upstreamed patch.

    Raises:
        PortError: a patch is malformed.
    """
    tree = directory / "tree"
    tree.mkdir()
    git.work_tree(repository, tree, target)
    patches = [parse_patch(file.name, file.data) for file in files]
    carrier = _Carrier(repository, lock, patches, target, tree, explain=explain)
    series: list[PatchFile] = []
    verdicts: list[Verdict] = []
    for patch in carrier.patches:
        verdict, fresh = carrier.carry(patch, (decisions or {}).get(patch.name))
        if verdict.needs_person and ahead:
            carrier.force(patch)
        verdicts.append(verdict)
        if fresh:
            series.append(PatchFile(patch.name, fresh.data))
        if verdict.needs_person and not ahead:
            break
    stopped = any(verdict.needs_person for verdict in verdicts)
    if ahead or not stopped:
        carrier.flush()
    head = git.head(tree)
    found = git.read_objects(tree, [f"{head}^{{tree}}"])[0]
    assert found is not None
    return Carried(tuple(verdicts), tuple(series), head, found[0], stopped)


class _Carrier:
    """The work tree on the new pin, and both trees in memory."""

    def __init__(
        self,
        repository: Path,
        lock: Lock,
        patches: Sequence[Patch],
        target: str,
        tree: Path,
        *,
        explain: bool,
    ) -> None:
        self.patches = patches
        self._lock = lock
        self._tree = tree
        self._explain = explain
        self._old = load_tree(repository, lock.commit, patches)
        self._new = load_tree(repository, target, patches)
        self._moves = target != lock.commit
        self._culprits = Culprits(repository, lock.commit, target)
        self._waiting = Batch()  # what is in memory and not yet in the work tree
        self._commits: list[str] = []  # the series on the old pin, made when the first merge needs it

    def carry(self, patch: Patch, decision: Decision | None) -> tuple[Verdict, Patch | None]:
        """The verdict on a patch, and the patch as it goes on; None where it leaves the series."""
        if decision:
            verdict = decision.verdict
            fresh = parse_patch(patch.name, decision.data) if decision.data else None
        elif placed := place(self._old, self._new, patch):
            kind: Kind = "moved" if placed.offsets else "clean"
            verdict, fresh = Verdict(patch.name, kind, placed.offsets), placed.patch
        else:
            verdict, fresh = self._merge(patch)
        apply_exactly(self._old, patch)
        if fresh:
            self._take(fresh)
        return verdict, fresh

    def force(self, patch: Patch) -> None:
        """Decide a conflict for the patch, as well as git can."""
        git.reset(self._tree)
        if git.cherry_pick(self._tree, self._commit_of(patch), "theirs"):
            diff = git.diff(self._tree, "HEAD", git.index_tree(self._tree))
            git.reset(self._tree)
            with contextlib.suppress(PortError):  # what no patch can hold is left out
                if diff:
                    self._take(with_diff(patch, diff))
        git.reset(self._tree)

    def flush(self) -> None:
        """Make commits of the patches that are not yet in the work tree."""
        self._waiting.commit(self._tree)

    def _merge(self, patch: Patch) -> tuple[Verdict, Patch | None]:
        self.flush()
        own = self._commit_of(patch)
        if not git.cherry_pick(self._tree, own):
            git.reset(self._tree)
            if not git.cherry_pick(self._tree, own, "ignore-space-at-eol"):
                return self._conflict(patch), None
            self._restore_line_ends(patch)
        diff = git.diff(self._tree, "HEAD", git.index_tree(self._tree))
        try:
            fresh = with_diff(patch, diff) if diff else None
        except PortError as error:  # it merges, but into what no patch can hold
            path = patch.changes[0].path
            clash = Clash(path, 0, 0, (), (), (), error.message, self._culprits.who_changed(path))
            return Verdict(patch.name, "conflict", clashes=(clash,)), None
        git.reset(self._tree)
        if fresh is None:
            commit = self._culprits.who_brought(patch) if self._explain else None
            return Verdict(patch.name, "upstreamed", commit=commit), None
        self._load(fresh)
        return self._judge(patch, fresh)

    def _conflict(self, patch: Patch) -> Verdict:
        """The verdict on a patch that does not merge."""
        if not self._explain:
            return Verdict(patch.name, "conflict")
        who = "upstream" if self._moves else "an edit of the series"
        found = clashes(self._tree, patch, self._old, self._culprits, who)
        deleted = any("deleted the file" in clash.reason for clash in found)
        kind: Kind = "deleted" if deleted else "conflict"
        return Verdict(patch.name, kind, renames=self._followed(patch), clashes=found)

    def _followed(self, patch: Patch) -> tuple[Rename, ...]:
        """The files of a patch that upstream has renamed."""
        gone = [c.old for c in patch.changes if c.old and c.old not in self._new]
        traces = [(old, *self._culprits.trace(old)) for old in gone]
        return tuple(Rename(old, new, commit) for old, new, commit in traces if new and new != old)

    def _judge(self, patch: Patch, fresh: Patch) -> tuple[Verdict, Patch]:
        """What a merge has done to a patch; where it has changed no line of it, its own text is kept."""
        pairs = self._pairs(patch, fresh)
        renames = tuple(
            Rename(was.old or was.path, now.old or now.path, self._culprits.who_moved(was.old or was.path))
            for was, now in pairs
            if (was.old or was.path) != (now.old or now.path)
        )
        same = len(pairs) == len(patch.changes) == len(fresh.changes) and all(_alike(*pair) for pair in pairs)
        offsets = tuple(
            Offset(now.path, number, there.start - here.start)
            for was, now in (pairs if same else ())
            for number, (here, there) in enumerate(zip(was.hunks, now.hunks, strict=True), 1)
            if there.start != here.start
        )
        if renames:
            return Verdict(patch.name, "renamed", offsets, renames), fresh
        if not same:
            return Verdict(patch.name, "merged"), fresh
        if offsets:
            starts = {was.path: [hunk.start for hunk in now.hunks] for was, now in pairs}
            return Verdict(patch.name, "moved", offsets), move(self._new, patch, starts)
        return Verdict(patch.name, "clean"), patch

    def _pairs(self, patch: Patch, fresh: Patch) -> list[tuple[FileChange, FileChange]]:
        """The changes of a patch with what has become of them, those that upstream renamed last."""
        left = {change.old or change.path: change for change in fresh.changes}
        pairs, others = [], []
        for was in patch.changes:
            now = left.pop(was.old or was.path, None)
            if now:
                pairs.append((was, now))
            else:
                others.append(was)
        for was in others:
            name = self._culprits.trace(was.old)[0] if was.old else posixpath.basename(was.path)
            found = [
                path for path in left if path == name or (not was.old and posixpath.basename(path) == name)
            ]
            if len(found) == 1 or len(left) == len(others) == 1:
                pairs.append((was, left.pop(found[0] if found else next(iter(left)))))
        return pairs

    def _commit_of(self, patch: Patch) -> str:
        """The patch's commit on the old pin."""
        if not self._commits:
            head = git.head(self._tree)
            git.detach(self._tree, self._lock.commit)
            series, tree = Batch(), load_tree(self._tree, self._lock.commit, self.patches)
            for one in self.patches:
                apply_exactly(tree, one)
                series.add(one, tree)
            series.commit(self._tree)
            self._commits = [commit.id for commit in git.commits_since(self._tree, self._lock.commit)]
            git.detach(self._tree, head)
        return self._commits[self.patches.index(patch)]

    def _take(self, fresh: Patch) -> None:
        """Put a patch of the new series into the tree in memory; into the work tree it comes later."""
        self._load(fresh)
        apply_exactly(self._new, fresh)
        self._waiting.add(fresh, self._new)

    def _load(self, patch: Patch) -> None:
        """Read what a patch touches and no patch before it did."""
        paths = {path for change in patch.changes for path in (change.old, change.new) if path}
        if any(path in self._new and self._new[path].lines is None for path in paths):
            there = load_tree(self._tree, "HEAD", [patch])
            for path in paths & there.keys() & self._new.keys():
                if self._new[path].lines is None:
                    self._new[path] = there[path]

    def _restore_line_ends(self, patch: Patch) -> None:
        """Keep what upstream has done to the white space at line ends."""
        entries = git.list_tree(self._tree, "HEAD")
        for path in {change.path for change in patch.changes} & entries.keys():
            file = self._tree / path
            if not entries[path].mode.startswith("100") or not file.is_file():  # never write through a link
                continue
            blob = git.read_objects(self._tree, [entries[path].oid])[0]
            there = split_lines(blob[1] if blob else b"")
            file.write_bytes(b"".join(as_there(there, split_lines(file.read_bytes()))))
            git.stage(self._tree, [path])


def _alike(was: FileChange, now: FileChange) -> bool:
    """Whether two changes change the same lines, wherever those are."""
    modes = (was.old_mode or now.old_mode, was.new_mode) == (now.old_mode, now.new_mode)
    return modes and [(h.old, h.new) for h in was.hunks] == [(h.old, h.new) for h in now.hunks]
