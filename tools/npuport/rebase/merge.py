"""Carry a series from one commit of upstream to another.

A patch whose place is certain is moved in memory (`place`); every other patch is a `git cherry-pick` of its
commit on the old pin, a three-way merge that follows renames.
"""

import posixpath
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from npuport import git
from npuport.base.errors import PortError
from npuport.patch.apply import apply_exactly, load_tree, split_lines
from npuport.patch.commits import Batch
from npuport.patch.mail import parse_patch, with_diff
from npuport.patch.parts import FileChange, Patch
from npuport.port.lock import Lock
from npuport.port.series import PatchFile
from npuport.rebase.align import Alignment
from npuport.rebase.carry import Carried, Stack, carry
from npuport.rebase.conflict import clashes
from npuport.rebase.culprit import Culprits
from npuport.rebase.place import move, place
from npuport.rebase.verdict import Clash, Kind, Offset, Rename, Verdict
from npuport.rebase.whitespace import with_line_ends_of


@dataclass(frozen=True)
class Decision:
    """The user's decision about a patch.

    Args:
        verdict: what it makes of the patch.
        data: the new text of the patch; null leaves it out.
    """

    verdict: Verdict
    data: str | None


def merge_series(
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
    """Carry a series to another pin.

    Args:
        repository: holds both pins.
        lock: names the old pin, where the series applies exactly.
        files: the series.
        target: the new pin; the old one where only decisions are to be carried out.
        directory: an empty one; the work tree is made in its `tree`.
        decisions: the user's decisions, by patch.
        ahead: do not stop at a conflict: resolve it with the patch's own lines and look on; see `carry`.
        explain: look for the upstream commit behind a conflict, or behind an upstreamed patch.

    Raises:
        PortError: a patch is malformed.
    """
    patches = [parse_patch(file.name, file.data) for file in files]
    stack = Stack(repository, target, patches, directory / "tree")
    merger = _Merger(repository, lock.commit, target, patches, stack, ahead=ahead, explain=explain)

    def fit(patch: Patch) -> tuple[Verdict, Patch | None]:
        return merger.fit(patch, (decisions or {}).get(patch.name))

    return carry(stack, patches, fit, ahead=ahead)


class _Merger:
    """The old series in memory, and how its patches fit a stack."""

    def __init__(
        self,
        repository: Path,
        pin: str,
        target: str,
        patches: Sequence[Patch],
        stack: Stack,
        *,
        ahead: bool,
        explain: bool,
    ) -> None:
        self._pin = pin
        self._moves = target != pin
        self._patches = patches
        self._stack = stack
        self._tree = stack.directory
        self._ahead = ahead
        self._explain = explain
        self._old = load_tree(repository, pin, patches)
        self._alignment = Alignment(repository, pin, target, self._old, stack.files)
        self._culprits = Culprits(repository, pin, target)
        self._commits: list[str] = []  # the series on the old pin, made when the first merge needs it

    def fit(self, patch: Patch, decision: Decision | None) -> tuple[Verdict, Patch | None]:
        fresh: Patch | None
        placed = None
        if decision:
            verdict = decision.verdict
            fresh = parse_patch(patch.name, decision.data.encode()) if decision.data else None
        elif placed := place(self._old, self._stack.files, patch, self._alignment):
            kind: Kind = "moved" if placed.offsets else "clean"
            verdict, fresh = Verdict(patch.name, kind, placed.offsets), placed.patch
        else:
            verdict, fresh = self._merge(patch)
        apply_exactly(self._old, patch)
        if placed:
            self._alignment.follow(patch)
        else:
            self._alignment.forget(patch)
        if verdict.needs_person and self._ahead:
            fresh = self._forced(patch)
        return verdict, fresh

    def _forced(self, patch: Patch) -> Patch | None:
        """A patch that conflicts, resolved with its own lines, as well as git can."""
        git.reset(self._tree)
        diff = b""
        if git.cherry_pick(self._tree, self._commit_of(patch), "theirs"):
            diff = git.diff(self._tree, "HEAD", git.index_tree(self._tree))
        git.reset(self._tree)
        try:
            fresh = with_diff(patch, diff) if diff else None
            if fresh:
                self._stack.load(fresh)
                apply_exactly(dict(self._stack.files), fresh)
        except PortError:  # no patch can hold it: it is left out
            return None
        return fresh

    def _merge(self, patch: Patch) -> tuple[Verdict, Patch | None]:
        self._stack.flush()
        own = self._commit_of(patch)
        if not git.cherry_pick(self._tree, own):
            git.reset(self._tree)
            if not git.cherry_pick(self._tree, own, "ignore-space-at-eol"):
                return self._conflict(patch), None
            self._restore_line_ends()
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
        self._stack.load(fresh)
        return self._judge(patch, fresh)

    def _conflict(self, patch: Patch) -> Verdict:
        """The verdict on a patch that does not merge."""
        if not self._explain:
            return Verdict(patch.name, "conflict")
        who = "upstream" if self._moves else "an edit of the series"
        conflicts = clashes(self._tree, patch, self._old, self._culprits, who)
        deleted = any("deleted the file" in clash.reason for clash in conflicts)
        kind: Kind = "deleted" if deleted else "conflict"
        return Verdict(patch.name, kind, renames=self._followed(patch), clashes=conflicts)

    def _followed(self, patch: Patch) -> tuple[Rename, ...]:
        """The files of a patch that upstream has renamed."""
        gone = [c.old for c in patch.changes if c.old and c.old not in self._stack.files]
        traces = [(old, *self._culprits.trace(old)) for old in gone]
        return tuple(Rename(old, new, commit) for old, new, commit in traces if new and new != old)

    def _judge(self, patch: Patch, fresh: Patch) -> tuple[Verdict, Patch]:
        """The verdict on a patch that merged; where the merge changed no line of it, its own text is kept."""
        pairs = self._pairs(patch, fresh)
        renames = tuple(
            Rename(was.old or was.path, now.old or now.path, self._culprits.who_moved(was.old or was.path))
            for was, now in pairs
            if (was.old or was.path) != (now.old or now.path)
        )
        same = len(pairs) == len(patch.changes) == len(fresh.changes) and all(_alike(*pair) for pair in pairs)
        offsets = tuple(
            Offset(now.path, number, new.start - old.start)
            for was, now in (pairs if same else ())
            for number, (old, new) in enumerate(zip(was.hunks, now.hunks, strict=True), 1)
            if new.start != old.start
        )
        if renames:
            return Verdict(patch.name, "renamed", offsets, renames), fresh
        if not same:
            return Verdict(patch.name, "merged"), fresh
        if offsets:
            starts = {was.path: [hunk.start for hunk in now.hunks] for was, now in pairs}
            return Verdict(patch.name, "moved", offsets), move(self._stack.files, patch, starts)
        return Verdict(patch.name, "clean"), patch

    def _pairs(self, patch: Patch, fresh: Patch) -> list[tuple[FileChange, FileChange]]:
        """The changes of a patch with those that they became, the renamed ones last."""
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
            paths = [
                path for path in left if path == name or (not was.old and posixpath.basename(path) == name)
            ]
            if len(paths) == 1 or len(left) == len(others) == 1:
                pairs.append((was, left.pop(paths[0] if paths else next(iter(left)))))
        return pairs

    def _commit_of(self, patch: Patch) -> str:
        """The patch's commit on the old pin."""
        if not self._commits:
            head = git.head(self._tree)
            git.detach(self._tree, self._pin)
            series, tree = Batch(), load_tree(self._tree, self._pin, self._patches)
            for one in self._patches:
                apply_exactly(tree, one)
                series.add(one, tree)
            series.commit(self._tree)
            self._commits = [commit.id for commit in git.commits_since(self._tree, self._pin)]
            git.detach(self._tree, head)
        return self._commits[self._patches.index(patch)]

    def _restore_line_ends(self) -> None:
        """Keep upstream's changes of white space at line ends, in renamed files too."""
        entries = git.list_tree(self._tree, "HEAD")
        for path in set(git.changed(self._tree, "HEAD")) & entries.keys():
            file = self._tree / path
            if not entries[path].mode.startswith("100") or not file.is_file():  # never write through a link
                continue
            blob = git.read_objects(self._tree, [entries[path].oid])[0]
            upstream = split_lines(blob[1] if blob else b"")
            file.write_bytes(b"".join(with_line_ends_of(upstream, split_lines(file.read_bytes()))))
            git.stage(self._tree, [path])


def _alike(was: FileChange, now: FileChange) -> bool:
    """Whether two changes change the same lines, whatever the line numbers."""
    modes = (was.old_mode or now.old_mode, was.new_mode) == (now.old_mode, now.new_mode)
    return modes and [(h.old, h.new) for h in was.hunks] == [(h.old, h.new) for h in now.hunks]
