"""The first upstream commit at which a patch or a parity case fails, by binary search.

The search is along first parents from the pin to the newest commit: the commits that were once the tip of
the branch. The newest is tried first: where it is good, one try is enough. n commits take at most 1 + log2(n)
tries.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from npuport.base.errors import PortError
from npuport.base.files import staged_directory
from npuport.base.places import cache_dir
from npuport.base.text import Progress, silent, visible
from npuport.git import history
from npuport.git.history import UpstreamCommit
from npuport.port.build import read_port
from npuport.port.layout import Layout
from npuport.port.pin import branch_of, pin, resolve
from npuport.port.series import find
from npuport.rebase import session as sessions
from npuport.rebase.job import Job
from npuport.rebase.merge import merge_series
from npuport.rebase.proof import read_proof
from npuport.rebase.session import RebaseRequest
from npuport.rebase.verdict import Verdict
from npuport.suite import run


@dataclass(frozen=True)
class Try:
    """A commit that was tried.

    Args:
        commit: the commit.
        bad: whether something is wrong at it.
        found: what is wrong, in a few words; `applies` or `passes` where nothing is.
        verdict: on the patch, where one is searched for.
    """

    commit: UpstreamCommit
    bad: bool
    found: str
    verdict: Verdict | None = None


@dataclass(frozen=True)
class Bisection:
    """The result of a search.

    Args:
        what: the patch, or the parity case.
        old: the pin.
        new: the newest commit of the search.
        history: what is unusual about the commits between them; empty where nothing is.
        tries: in the order they were made.
        most: how many tries it could have taken.
        last_good: the last commit at which nothing is wrong; None where there is none.
        first_bad: the first at which something is; None where nothing is wrong at the newest commit.
        good: whether nothing is wrong at the newest commit.
    """

    what: str
    old: UpstreamCommit
    new: UpstreamCommit
    history: str
    tries: tuple[Try, ...]
    most: int
    last_good: UpstreamCommit | None
    first_bad: Try | None
    good: bool = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "good", self.first_bad is None)

    @property
    def text(self) -> str:
        """The result for the terminal."""
        count = len(self.tries)
        lines = [f"{self.what}: {count} tr{'y' if count == 1 else 'ies'}"]
        if self.history:
            lines.append(f"  history     {self.history}")
        lines.append(f"  last good   {self.last_good or 'none: it is bad at the pin already'}")
        if self.first_bad is None:
            lines.append("  first bad   none")
        else:
            lines += [f"  first bad   {self.first_bad.commit}", f"  because     {self.first_bad.found}"]
        return "\n".join(map(visible, lines))


def bisect_patch(
    layout: Layout, name: str, ref: str | None, *, offline: bool = False, progress: Progress = silent
) -> Bisection:
    """Find the first upstream commit at which a patch needs a decision, or is upstream's already.

    A conflict of a patch before it is resolved with that patch's own lines, so that only this one is judged.

    Args:
        name: the patch's file name, or its number.
        ref: the newest commit of the search; None for the tip of the lock's branch.

    Raises:
        PortError: upstream is out of reach, or there is no such patch.
    """
    job = _job(layout, ref, offline, progress)
    patch = find(job.files, name)
    files = job.files[: job.files.index(patch) + 1]

    def judge(commit: UpstreamCommit, explain: bool = False) -> Try:
        with staged_directory(cache_dir() / "staging") as staged:
            carried = merge_series(
                job.repository, job.lock, files, commit.id, staged, ahead=True, explain=explain
            )
        verdict = carried.verdicts[-1]
        bad = verdict.needs_person or verdict.kind == "upstreamed"
        text = f"{verdict.kind}{f': {verdict.detail}' if verdict.detail else ''}" if bad else "applies"
        return Try(commit, bad, text, verdict)

    result = _search(job, patch.name, judge, try_old=False)
    bad = result.first_bad
    return replace(result, first_bad=judge(bad.commit, explain=True)) if bad else result


def bisect_parity(
    layout: Layout,
    case: str,
    sizes: Sequence[str],
    ref: str | None,
    *,
    offline: bool = False,
    progress: Progress = silent,
) -> Bisection:
    """Find the first upstream commit at which a parity case does not pass.

    Args:
        case: as pytest's -k.
        sizes: model sizes of the adapter's; its default ones where none are named.

    Raises:
        PortError: upstream is out of reach; the series does not apply at a commit that has to be tried; no
            check matches the case.
    """
    job = _job(layout, ref, offline, progress)
    request = run.ParityRequest(sizes=tuple(sizes), expression=case)

    def judge(commit: UpstreamCommit) -> Try:
        with staged_directory(cache_dir() / "staging") as staged:
            candidate = _candidate(job, commit, staged)
            try:
                run.run(candidate, request, staged / "report", progress)
            except PortError as error:  # upstream does not even start
                return Try(commit, True, error.message)
            proof = read_proof(staged / "report/results.json")
        if not any(proof.counts.values()):
            raise PortError(
                f"no check of the suite matches {case!r}", hint="out/report/report.md has their names"
            )
        red = f"{proof.verdict}: {', '.join(proof.red)}"
        return Try(commit, proof.verdict != "pass", "passes" if proof.verdict == "pass" else red)

    return _search(job, case, judge, try_old=True)


def _job(layout: Layout, ref: str | None, offline: bool, progress: Progress) -> Job:
    lock, files = read_port(layout)
    repository, new = resolve(layout, lock, ref, offline=offline, progress=progress)
    branch = branch_of(repository, ref, lock.branch)
    request = RebaseRequest(new.ref, branch, new.commit.id, sessions.sum_of(layout))
    return Job(layout, lock, files, repository, new, request, progress)


def _candidate(job: Job, commit: UpstreamCommit, directory: Path) -> Layout:
    """A port of another commit."""
    here = replace(job, new=pin(job.repository, commit.id, commit.id))
    carried = merge_series(job.repository, job.lock, job.files, commit.id, directory)
    if carried.stopped:
        verdict = carried.verdicts[-1]
        raise PortError(
            f"the series does not apply at {commit.id[:12]}: {verdict.patch}: {verdict.detail}",
            hint=f"npuport rebase --bisect {verdict.patch}, and resolve it first",
        )
    here.write_candidate(carried, directory / "port")
    return Layout(directory / "port")


def _search(job: Job, what: str, judge: Callable[[UpstreamCommit], Try], *, try_old: bool) -> Bisection:
    old = history.describe(job.repository, job.lock.commit)
    line = history.first_parents(job.repository, job.lock.commit, job.new.commit.id)
    commits = (old, *line) if try_old else line
    most = 1 + max(len(commits) - 1, 0).bit_length() if commits else 0
    tries: list[Try] = []

    def look(at: int) -> Try:
        tries.append(judge(commits[at]))
        where = f"{commits[at].id[:12]} ({commits[at].date})"
        job.progress(visible(f"try {len(tries)} of at most {most}: {where}: {tries[-1].found}"))
        return tries[-1]

    good, bad, first = -1, len(commits), None  # of these two, the first is known to be good, or the pin
    if commits and (newest := look(len(commits) - 1)).bad:
        bad, first = len(commits) - 1, newest
        while bad - good > 1:
            middle = (good + bad) // 2
            one = look(middle)
            if one.bad:
                bad, first = middle, one
            else:
                good = middle
    else:
        good = len(commits) - 1
    last_good = commits[good] if good >= 0 else None if try_old else old
    unusual = history.irregular(job.repository, job.lock.commit, job.new.commit.id)
    return Bisection(what, old, job.new.commit, unusual, tuple(tries), most, last_good, first)
