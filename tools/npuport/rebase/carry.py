"""Carry a series from one commit of upstream's to another: a verdict on each patch, and the new series.

What a patch changes is found in memory where that is sure (`place`); every other patch is a `git cherry-pick`
of its commit on the old pin, a three-way merge that follows renames. Patches become commits by `git am` of
their final bytes, so that what comes out is the very commit that `npuport port` will make of them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from npuport import git
from npuport.errors import PortError
from npuport.exact import Tree, apply_exactly, load_tree
from npuport.lock import Lock
from npuport.patch import Patch, parse_patch
from npuport.rebase.conflict import clashes
from npuport.rebase.culprit import Culprits
from npuport.rebase.place import line_of, move, place
from npuport.rebase.verdict import Offset, Rename, Verdict
from npuport.series import PatchFile


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
) -> Carried:
    """Carry a series.

    Args:
        repository: holds the new pin, and the old one unless upstream has lost it.
        lock: names the old pin, where the series applies exactly.
        files: the series.
        target: the new pin; the lock's own where only decisions are to be carried out.
        directory: an empty one; the work tree is made in its `tree`.
        decisions: by patch, what a person has decided already.
        ahead: do not stop at a conflict, but decide it for the patch and look on. The series that comes of
            it is no good; the verdicts tell what is to be expected.

    Raises:
        PortError: a patch is malformed, or needs the old pin, which upstream has lost.
    """
    tree = directory / "tree"
    tree.mkdir()
    git.work_tree(repository, tree, target)
    carrier = _Carrier(repository, lock, [parse_patch(file.name, file.data) for file in files], target, tree)
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
        self, repository: Path, lock: Lock, patches: Sequence[Patch], target: str, tree: Path
    ) -> None:
        self.patches = patches
        self._lock = lock
        self._tree = tree
        self._old: Tree | None = None
        if git.has_commit(repository, lock.commit):
            self._old = load_tree(repository, lock.commit, patches)
        self._new = load_tree(repository, target, patches)
        self._moves = target != lock.commit
        self._culprits = Culprits(repository, lock.commit, target)
        self._waiting: list[bytes] = []  # mails that are in memory and not yet in the work tree
        self._commits: list[str] = []  # the series on the old pin, made when the first merge needs it

    def carry(self, patch: Patch, decision: Decision | None) -> tuple[Verdict, Patch | None]:
        """The verdict on a patch, and the patch as it goes on; None where it leaves the series."""
        if decision:
            verdict = decision.verdict
            fresh = parse_patch(patch.name, decision.data) if decision.data else None
        elif placed := place(self._old, self._new, patch):
            kind = "moved" if placed.offsets else "clean"
            verdict, fresh = Verdict(patch.name, kind, offsets=placed.offsets), placed.patch  # type: ignore[arg-type]
        else:
            verdict, fresh = self._merge(patch)
        if self._old is not None:
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
            if diff:
                self._take(patch.with_diff(diff))
        git.reset(self._tree)

    def flush(self) -> None:
        """Make commits of the patches that are not yet in the work tree."""
        if self._waiting:
            git.am(self._tree, b"".join(self._waiting))
            self._waiting.clear()

    def _merge(self, patch: Patch) -> tuple[Verdict, Patch | None]:
        if self._old is None:
            raise PortError(
                f"{patch.name} needs a merge, but upstream has lost the old pin {self._lock.commit[:12]}",
                mend="name a mirror that still has it: NPUPORT_MIRROR",
            )
        self.flush()
        commit = self._commit_of(patch)
        if not git.cherry_pick(self._tree, commit):
            git.reset(self._tree)
            if not git.cherry_pick(self._tree, commit, "ignore-space-at-eol"):
                who = "upstream" if self._moves else "an edit of the series"
                found = clashes(self._tree, patch, self._old, self._culprits, who)
                kind = "deleted" if any("deleted the file" in clash.reason for clash in found) else "conflict"
                return Verdict(patch.name, kind, clashes=found), None  # type: ignore[arg-type]
            self._restore_line_ends(patch)
        diff = git.diff(self._tree, "HEAD", git.index_tree(self._tree))
        git.reset(self._tree)
        if not diff:
            return Verdict(patch.name, "upstreamed", commit=self._culprits.who_brought(patch)), None
        fresh = patch.with_diff(diff)
        self._load(fresh)
        return self._judge(patch, fresh)

    def _judge(self, patch: Patch, fresh: Patch) -> tuple[Verdict, Patch]:
        """What a merge has done to a patch; where it has changed no line of it, its own text is kept."""
        renames = []
        offsets = []
        for was, now in zip(patch.changes, fresh.changes, strict=False):
            if was.old and was.old not in self._new and now.old != was.old:
                renames.append(Rename(was.old, now.old or now.path, self._culprits.trace(was.old)[1]))
        same = len(patch.changes) == len(fresh.changes)
        starts: dict[str, list[int]] = {}
        for was, now in zip(patch.changes, fresh.changes, strict=False):
            same &= [(h.old, h.new) for h in was.hunks] == [(h.old, h.new) for h in now.hunks]
            if same:
                starts[was.path] = [line_of(hunk) for hunk in now.hunks]
                offsets += [
                    Offset(now.path, number, line_of(there) - line_of(here))
                    for number, (here, there) in enumerate(zip(was.hunks, now.hunks, strict=True), 1)
                    if line_of(there) != line_of(here)
                ]
        told = tuple(offsets) if same else ()
        if renames:
            return Verdict(patch.name, "renamed", told, tuple(renames)), fresh
        if not same or [c.path for c in patch.changes] != [c.path for c in fresh.changes]:
            return Verdict(patch.name, "merged"), fresh
        if offsets:
            return Verdict(patch.name, "moved", told), move(self._new, patch, starts)
        return Verdict(patch.name, "clean"), patch

    def _commit_of(self, patch: Patch) -> str:
        """The patch's commit on the old pin."""
        if not self._commits:
            head = git.head(self._tree)
            git.detach(self._tree, self._lock.commit)
            git.am(self._tree, b"".join(one.mail for one in self.patches))
            self._commits = [commit.id for commit in git.commits_since(self._tree, self._lock.commit)]
            git.detach(self._tree, head)
        return self._commits[self.patches.index(patch)]

    def _take(self, fresh: Patch) -> None:
        """Put a patch of the new series into the tree in memory; into the work tree it comes later."""
        self._load(fresh)
        apply_exactly(self._new, fresh)
        self._waiting.append(fresh.mail)

    def _load(self, patch: Patch) -> None:
        """Read what a patch touches and no patch before it did."""
        paths = {path for change in patch.changes for path in (change.old, change.new) if path}
        if any(path in self._new and self._new[path].lines is None for path in paths):
            there = load_tree(self._tree, "HEAD", [patch])
            for path in paths & there.keys() & self._new.keys():
                if self._new[path].lines is None:
                    self._new[path] = there[path]

    def _restore_line_ends(self, patch: Patch) -> None:
        """Give the lines that a merge brought into a CRLF file the line ends of that file."""
        entries = git.list_tree(self._tree, "HEAD")
        for path in {change.path for change in patch.changes} & entries.keys():
            blob = git.read_objects(self._tree, [entries[path].oid])[0]
            regular = entries[path].mode.startswith("100")  # never write through a link
            if regular and blob and blob[1].count(b"\n") == blob[1].count(b"\r\n") > 0:
                file = self._tree / path
                file.write_bytes(file.read_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n"))
                git.stage(self._tree, [path])
