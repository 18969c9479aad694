"""Change a patch in the middle of the series, or drop it, and carry the later ones.

It is a rebase onto the pin that the port has: the same verdicts, and the same session where a later patch
conflicts.
"""

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
from npuport.port.series import PatchFile, find
from npuport.rebase import session as sessions
from npuport.rebase.job import Job, JobResult
from npuport.rebase.merge import Decision
from npuport.rebase.session import RebaseRequest
from npuport.rebase.verdict import Verdict

_HINT = "npuport refresh makes its edits patches; npuport port --force sets it aside"


def drop(layout: Layout, name: str, progress: Progress = silent) -> JobResult:
    """Leave a patch out of the series.

    Raises:
        PortError: there is no such patch; a rebase is in progress; the ported tree has edits.
    """
    began = sessions.sum_of(layout)
    _, files = read_port(layout)
    patch = find(files, name)
    port(layout, progress=progress)
    result = _revise(layout, began, {patch.name: Decision(Verdict(patch.name, "skipped"), None)}, progress)
    if result.summary.published:
        port(layout, progress=progress)
    return result


def begin_edit(layout: Layout, name: str, progress: Progress = silent) -> tuple[str, Path]:
    """Check out a patch's commit in the ported tree, for the user to edit; `end_edit` takes the edit.

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
        trees.refuse_if_touched(trees.linked(layout.ported), hint=_HINT)
        commit = git.commits_since(tree, lock.commit)[files.index(patch)]
        write_intent(tree, Intent(patch=patch.name))
        git.detach(tree, commit.id)
    return patch.name, tree


def end_edit(
    layout: Layout, name: str, *, check: bool = False, progress: Progress = silent
) -> tuple[JobResult, Path | None]:
    """Replace the patch that is being edited by the contents of the ported tree, and carry the later ones.

    Args:
        check: change nothing, only return the result that it would have.

    Returns:
        The result; and the edited tree, which is kept if a later patch conflicts.

    Raises:
        PortError: the edit leaves nothing of the patch.
    """
    began = sessions.sum_of(layout)
    lock, files = read_port(layout)
    file = find(files, name)
    sessions.refuse(layout)
    data = _edited(layout, lock, files, file)
    verdict = Verdict(name, "clean" if data == file.data else "edited")
    result = _revise(layout, began, {name: Decision(verdict, data.decode())}, progress, check=check)
    return result, None if check else settle(layout, progress)


def _edited(layout: Layout, lock: Lock, files: tuple[PatchFile, ...], file: PatchFile) -> bytes:
    """A patch with the ported tree's effect and message; its own bytes where they are still right."""
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
) -> JobResult:
    """Carry out decisions; `began` is the lock's sha256 when they were made."""
    lock, files = read_port(layout)
    sessions.refuse(layout)
    repository = upstream.ensure(layout, lock, progress=progress)
    request = RebaseRequest(lock.branch, lock.branch, lock.commit, began)
    job = Job(layout, lock, files, repository, pin(repository, lock.commit, lock.branch), request, progress)
    if check:
        return job.look(decisions)
    with job.locked():
        carried = job.carry(decisions)
    return job.conclude(*carried)
