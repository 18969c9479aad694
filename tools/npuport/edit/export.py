"""The series of the ported tree: the user's edits and commits there, as patches.

A commit of the series keeps its patch, byte for byte. One that stands for a patch (the subject is the same)
keeps the patch's mail unless the message has changed, and its diff unless the effect has. Any other commit
becomes a new patch, and so do the edits that are not committed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from email.utils import format_datetime
from pathlib import Path

from npuport import git
from npuport.base.errors import PortError
from npuport.edit.intent import read_intent
from npuport.git.repository import Commit
from npuport.patch.apply import Tree, Unfit, apply_exactly, load_tree
from npuport.patch.mail import parse_patch, with_diff
from npuport.patch.new import mail_of, name_of, split_message
from npuport.patch.parts import Patch
from npuport.port.lock import Lock
from npuport.port.series import PatchFile
from npuport.port.trees import TreeState

_FOLDS = ("fixup! ", "squash! ", "amend! ")


@dataclass(frozen=True)
class Exported:
    """The series of a ported tree.

    Args:
        series: the patches in order.
        fresh: the names of the new patches.
        rewritten: the patches with other bytes, each with the reason.
        dropped: the names of those that are gone.
    """

    series: tuple[PatchFile, ...]
    fresh: tuple[str, ...] = ()
    rewritten: tuple[tuple[str, str], ...] = ()
    dropped: tuple[str, ...] = ()


def export(
    lock: Lock, files: Sequence[PatchFile], state: TreeState, scratch: Path, *, title: str = ""
) -> Exported:
    """Read the series out of a ported tree.

    Args:
        lock: names the pin that the tree must stand on, and the series as it was.
        files: the series as it was.
        state: the tree.
        scratch: an empty directory.
        title: of the patch that uncommitted edits become.

    Raises:
        PortError: the tree is not on the pin, or holds what no patch can: merges, binary files, fixups.
    """
    tree = state.path
    commits = _commits(tree, lock, state)
    known = {commit.id: file for commit, file in zip(_series(tree, lock), files, strict=False)}
    taken = {known[commit.id].name for commit in commits if commit.id in known}
    spare = [parse_patch(file.name, file.data) for file in files if file.name not in taken]
    today = datetime.now(UTC)
    final = git.tree_on_disk(tree, scratch, keep=True)
    last = commits[-1].tree if commits else lock.tree
    if final != last:
        subject = title or read_intent(tree).title or f"Change {', '.join(_names(state.edits))}"
        commits.append(Commit("", final, "", *git.author(tree), format_datetime(today), subject))
    number = max((int(file.name[:4]) for file in files), default=0)
    series: list[PatchFile] = []
    fresh: list[str] = []
    before = lock.tree
    for commit in commits:
        if commit.id in known:
            series.append(known[commit.id])
        else:
            old = _counterpart(commit, spare)
            if old:
                spare.remove(old)
                name = old.name
            else:
                number += 1
                name = name_of(split_message(commit.message)[0], number)
                fresh.append(name)
            series.append(_patch(tree, name, commit, before, old, today.date()))
        before = commit.tree
    old_files = {file.name: file for file in files}
    return Exported(
        series=tuple(series),
        fresh=tuple(fresh),
        rewritten=tuple(
            (file.name, "edited in the ported tree")
            for file in series
            if file.name in old_files and file != old_files[file.name]
        ),
        dropped=tuple(name for name in old_files if name not in {file.name for file in series}),
    )


def _commits(tree: Path, lock: Lock, state: TreeState) -> list[Commit]:
    """The commits on the pin that can become patches."""
    if not state.commit or git.merge_base(tree, lock.commit, "HEAD") != lock.commit:
        raise PortError(
            f"{tree} does not stand on the pin {lock.commit[:12]}",
            hint="npuport port --force sets it aside and makes a new one",
        )
    commits = git.commits_since(tree, lock.commit)
    for commit in commits:
        subject = split_message(commit.message)[0]
        if " " in commit.parents:
            raise PortError(
                f"{commit.id[:12]} {subject!r} is a merge, which no patch can hold",
                hint=f"git -C {tree} rebase {lock.commit[:12]} makes one line of it",
            )
        if subject.startswith(_FOLDS):
            raise PortError(
                f"{commit.id[:12]} {subject!r} is not folded into its commit yet",
                hint=f"git -C {tree} rebase -i --autosquash {lock.commit[:12]}",
            )
    trees = [lock.tree, *(commit.tree for commit in commits)]
    return [commit for commit, before in zip(commits, trees, strict=False) if commit.tree != before]


def _series(tree: Path, lock: Lock) -> list[Commit]:
    if not git.has_commit(tree, lock.ported_commit):
        return []
    return git.commits_since(tree, lock.commit, lock.ported_commit)


def _counterpart(commit: Commit, patches: Sequence[Patch]) -> Patch | None:
    """The patch that a commit stands for: by its subject, else by author and date."""
    subject = split_message(commit.message)[0]
    same = [patch for patch in patches if patch.fields["subject"] == subject]
    if not same:
        who = f"{commit.name} <{commit.address}>", _moment(commit.date)
        same = [patch for patch in patches if (patch.fields["from"], _moment(patch.fields["date"])) == who]
    return same[0] if len(same) == 1 else None


def _moment(text: str) -> datetime:
    from email.utils import parsedate_to_datetime

    return parsedate_to_datetime(text).astimezone(UTC)


def _patch(tree: Path, name: str, commit: Commit, before: str, old: Patch | None, today: date) -> PatchFile:
    """The patch of a commit, with the old one's bytes where they are still right."""
    diff = git.diff(tree, before, commit.tree)
    mail = mail_of(commit, today)
    fresh = parse_patch(name, mail + diff)
    if old is None:
        return PatchFile(name, fresh.data)
    if not same_message(old, commit):
        return PatchFile(name, fresh.data)
    if _same_effect(load_tree(tree, before, [old, fresh]), old, fresh):
        return PatchFile(name, old.data)
    return PatchFile(name, with_diff(old, diff).data)


def same_message(old: Patch, commit: Commit) -> bool:
    """Whether a commit and a patch have the same message; git drops blank lines, and what follows a `---`."""
    head = old.data[: old.diff_start].decode().partition("\n\n")[2].split("\n---\n")[0]
    lines = [line.rstrip() for line in head.split("\n") if line.strip()]
    subject, body = split_message(commit.message)
    return old.fields["subject"] == subject and lines == [line.rstrip() for line in body if line.strip()]


def _same_effect(tree: Tree, old: Patch, fresh: Patch) -> bool:
    one, other = dict(tree), dict(tree)
    try:
        apply_exactly(one, old)
    except Unfit:
        return False
    apply_exactly(other, fresh)
    return one == other


def _names(paths: Sequence[str]) -> list[str]:
    """Files for a title, the first three."""
    names = [path.rstrip("/").rpartition("/")[2] for path in paths]
    return names if len(names) <= 3 else [*names[:3], "and more"]
