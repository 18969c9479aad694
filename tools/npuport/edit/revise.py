"""Change a patch in the middle of the series, or leave it out; the later ones are carried over the gap.

It is a rebase onto the pin that the port has already: the same verdicts, and the same session where a later
patch conflicts.
"""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from npuport import git
from npuport.base.errors import PortError
from npuport.base.files import exclusive, staged_directory
from npuport.base.text import Progress, silent
from npuport.edit.export import same_message
from npuport.edit.intent import Intent, write_intent
from npuport.edit.refresh import settle
from npuport.patch.mail import parse_patch, with_diff
from npuport.patch.new import mail_of
from npuport.port import trees, upstream
from npuport.port.build import port, read_port
from npuport.port.checkout import lock_file
from npuport.port.layout import Layout
from npuport.port.lock import Lock
from npuport.port.pin import pin
from npuport.port.series import PatchFile
from npuport.rebase import session as sessions
from npuport.rebase.carry import Decision
from npuport.rebase.job import Job, Step
from npuport.rebase.verdict import Verdict

_MEND = "npuport refresh makes its edits patches; npuport port --force sets it aside"


def find(files: tuple[PatchFile, ...], name: str) -> PatchFile:
    """A patch of the series by its name, or by its number: `0002-a.patch`, `2`.

    Raises:
        PortError: there is none.
    """
    number = f"{name:0>4}-" if name.isdigit() else None
    for file in files:
        if file.name in (name, f"{name}.patch") or (number and file.name.startswith(number)):
            return file
    there = ", ".join(file.name[:4] for file in files) or "none"
    raise PortError(f"{name} is not in the series", hint=f"name one by file name or number: {there}")


def drop(layout: Layout, name: str, progress: Progress = silent) -> Step:
    """Leave a patch out.

    Raises:
        PortError: there is no such patch; a session stands; the ported tree has edits.
    """
    began = sessions.sum_of(layout)
    _, files = read_port(layout)
    patch = find(files, name)
    port(layout, progress=progress)
    step = _revise(layout, began, {patch.name: Decision(Verdict(patch.name, "skipped"), None)}, progress)
    if step.summary.published:
        port(layout, progress=progress)
    return step


def begin_edit(layout: Layout, name: str, progress: Progress = silent) -> tuple[str, Path]:
    """Put the ported tree at a patch, for a person to edit; `end_edit` takes up what is there then.

    Returns:
        The patch's name, and the tree.

    Raises:
        PortError: as for `drop`.
    """
    lock, files = read_port(layout)
    patch = find(files, name)
    sessions.refuse(layout)
    tree = port(layout, progress=progress).path.resolve()
    with exclusive(lock_file(layout)):
        trees.refuse_if_touched(trees.linked(layout.ported), hint=_MEND)
        commit = git.commits_since(tree, lock.commit)[files.index(patch)]
        write_intent(tree, Intent(patch=patch.name))
        git.detach(tree, commit.id)
    return patch.name, tree


def end_edit(
    layout: Layout, name: str, *, check: bool = False, progress: Progress = silent
) -> tuple[Step, Path | None]:
    """Make what stands in the ported tree the patch that is being edited, and carry the later ones over it.

    Args:
        check: only say what would come of it.

    Returns:
        What came of it; and where the edited tree is now, if a later patch conflicts, so that it is kept.

    Raises:
        PortError: the edit leaves nothing of the patch.
    """
    began = sessions.sum_of(layout)
    lock, files = read_port(layout)
    file = find(files, name)
    sessions.refuse(layout)
    data = _edited(layout, lock, files, file)
    verdict = Verdict(name, "clean" if data == file.data else "edited")
    step = _revise(layout, began, {name: Decision(verdict, data)}, progress, check=check)
    return step, None if check else settle(layout, progress)


def _edited(layout: Layout, lock: Lock, files: tuple[PatchFile, ...], file: PatchFile) -> bytes:
    """A patch as the ported tree has it now; as much of its bytes as are still right."""
    state = trees.linked(layout.ported)
    assert state is not None
    at = files.index(file)
    commits = git.commits_since(state.path, lock.commit, lock.ported_commit)
    before = commits[at - 1].tree if at else lock.tree
    with exclusive(lock_file(layout)), staged_directory(layout.out) as scratch:
        diff = git.diff(state.path, before, git.tree_on_disk(state.path, scratch, keep=True))
    if not diff:
        hint = f"npuport port --force, then npuport drop {file.name}"
        raise PortError(f"nothing is left of {file.name}", hint=hint)
    patch = parse_patch(file.name, file.data)
    now = git.commits_since(state.path, lock.commit)
    amended = now[at] if len(now) == at + 1 and not same_message(patch, now[at]) else None
    mail = mail_of(amended, datetime.now(UTC).date()) if amended else file.data[: patch.diff_start]
    if diff == git.diff(state.path, before, commits[at].tree):
        return mail + file.data[patch.diff_start :]
    return with_diff(parse_patch(file.name, mail + file.data[patch.diff_start :]), diff).data


def _revise(
    layout: Layout, began: str, decisions: dict[str, Decision], progress: Progress, *, check: bool = False
) -> Step:
    """Carry decisions out; `began` is the lock's sha256 when they were made."""
    lock, files = read_port(layout)
    sessions.refuse(layout)
    repository = upstream.ensure(layout, lock, progress=progress)
    request = sessions.Request(lock.branch, lock.branch, lock.commit, began)
    job = Job(layout, lock, files, repository, pin(repository, lock.commit, lock.branch), request, progress)
    if check:
        return job.look(decisions)
    with job.locked():
        carried = job.carry(decisions)
    return replace(job.conclude(carried), changed=True)
