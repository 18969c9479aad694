"""Start a rebase, and go on with one: each command builds its result aside and publishes it by a rename."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from npuport.base.errors import PortError
from npuport.base.files import staged_directory
from npuport.base.text import Progress, silent
from npuport.patch.mail import parse_patch, with_diff
from npuport.port import trees, upstream
from npuport.port.build import port, read_port
from npuport.port.layout import Layout
from npuport.port.pin import branch_of, pin, resolve
from npuport.port.series import PatchFile
from npuport.rebase import session as sessions
from npuport.rebase.describe import summarise
from npuport.rebase.job import Job, JobResult, Overtaken
from npuport.rebase.merge import Decision
from npuport.rebase.session import RebaseRequest, RebaseSession


@dataclass(frozen=True)
class Options:
    """How a rebase is to be done.

    Args:
        dry_run: change nothing.
        offline: never use the network.
        parity: the model sizes on which parity is to run, before and after; () for no proof; None for those
            of the session, or for no proof.
        accept_license: the user has read and accepted a changed licence.
    """

    dry_run: bool = False
    offline: bool = False
    parity: tuple[str, ...] | None = None
    accept_license: bool = False


def start(layout: Layout, ref: str | None, options: Options, progress: Progress = silent) -> JobResult:
    """Move the pin to a ref, the tip of the lock's branch where it is None.

    Raises:
        PortError: upstream is out of reach or has no such commit; a rebase is in progress; `out/ported` has
            edits that are in no patch. Nothing has changed then.
    """
    began = sessions.sum_of(layout)
    lock, files = read_port(layout)
    sessions.refuse(layout)
    repository, new = resolve(layout, lock, ref, offline=options.offline, progress=progress)
    if new.commit.id == lock.commit:
        return JobResult(summarise(lock, (), repository, new, (), accepted=True), False, None)
    request = RebaseRequest(
        ref=new.ref,
        branch=branch_of(repository, ref, lock.branch),
        target=new.commit.id,
        lock=began,
        parity=options.parity or (),
        accept_license=options.accept_license,
    )
    job = Job(layout, lock, files, repository, new, request, progress)
    if options.dry_run:
        return job.look()
    try:
        with job.locked():
            trees.refuse_if_touched(
                trees.linked(layout.ported),
                hint="npuport refresh makes them patches; npuport port --force sets them aside",
            )
            sessions.refuse(layout)
            carried = job.carry({})
    except Overtaken:
        return start(layout, ref, options, progress)
    return _ported(job, job.conclude(*carried))


def proceed(
    layout: Layout, options: Options, *, skip: bool = False, progress: Progress = silent
) -> JobResult:
    """Go on with a rebase after the user has resolved a conflict, skips the patch, or has decided.

    Raises:
        PortError: no rebase is in progress, its port has changed, or the conflict is not resolved.
    """
    job, session = _resume(layout, options, progress)
    with job.locked():
        if sessions.read(layout) != session:
            raise Overtaken("another npuport has continued the rebase", hint="npuport rebase --status")
        decisions = _decisions(layout, session, job.files, skip=skip)
        carried = job.carry({**session.decisions, **decisions})
    return _ported(job, job.conclude(*carried))


def _ported(job: Job, result: JobResult) -> JobResult:
    """Port anew where a new port has been published."""
    if result.summary.published:
        port(job.layout, progress=job.progress)
    return result


def standing(layout: Layout) -> JobResult:
    """The state of the rebase that is in progress.

    Raises:
        PortError: there is none.
    """
    job, session = _resume(layout, Options(offline=True), silent)
    summary = job.summary(session.verdicts)
    summary = replace(summary, decisions=session.decide or summary.decisions)
    return JobResult(summary, True, sessions.directory(layout))


def _resume(layout: Layout, options: Options, progress: Progress) -> tuple[Job, RebaseSession]:
    lock, files = read_port(layout)
    session = sessions.read(layout)
    sessions.check(layout, session)
    asked = session.request
    request = replace(
        asked,
        parity=asked.parity if options.parity is None else options.parity,
        accept_license=asked.accept_license or options.accept_license,
    )
    wanted = replace(lock, commit=request.target)
    repository = upstream.ensure(layout, wanted, offline=options.offline, progress=progress)
    new = pin(repository, request.target, request.ref)
    return Job(layout, lock, files, repository, new, request, progress), session


def _decisions(
    layout: Layout, session: RebaseSession, files: Sequence[PatchFile], *, skip: bool
) -> Mapping[str, Decision]:
    """The user's decision about the patch that waits, if one does."""
    verdict = session.conflict
    if verdict is None:
        if skip:
            raise PortError("no patch waits for a decision", hint="npuport rebase --continue, or --abort")
        return {}
    if skip:
        return {verdict.patch: Decision(replace(verdict, kind="skipped", renames=()), None)}
    old = next(parse_patch(file.name, file.data) for file in files if file.name == verdict.patch)
    with staged_directory(layout.out) as scratch:
        diff = sessions.resolution(layout, session, scratch)
    return {verdict.patch: Decision(replace(verdict, kind="resolved"), with_diff(old, diff).data.decode())}
