"""The first upstream commit at which something of the port goes wrong, by binary search.

Upstream's first-parent line from the pin to the newest commit is what was ever the tip of its branch. The
newest is tried first: where nothing is wrong there, one try does. n commits take at most 1 + log2(n) tries.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from npuport.base.errors import PortError
from npuport.base.files import staged_directory
from npuport.base.places import cache_dir
from npuport.base.text import Progress, silent, visible
from npuport.edit.revise import find
from npuport.git import history
from npuport.git.history import UpstreamCommit
from npuport.port.build import read_port
from npuport.port.layout import Layout
from npuport.port.pin import branch_of, pin, resolve
from npuport.rebase import session as sessions
from npuport.rebase.carry import carry
from npuport.rebase.job import Job
from npuport.rebase.proof import read_proof
from npuport.rebase.verdict import Verdict


@dataclass(frozen=True)
class Try:
    """A commit that was tried.

    Args:
        commit: the commit.
        bad: whether it is wrong there.
        found: what was found, in a few words.
        verdict: on the patch, where one is searched for.
    """

    commit: UpstreamCommit
    bad: bool
    found: str
    verdict: Verdict | None = None

    def as_json(self) -> dict[str, Any]:
        """Plain data."""
        return asdict(self) | {"verdict": self.verdict and self.verdict.as_json()}


@dataclass(frozen=True)
class Bisection:
    """What a search has found.

    Args:
        what: the patch, or the parity case.
        old: the pin.
        new: the newest commit that was looked at.
        history: what is unusual about the way between them; empty where nothing is.
        tries: in the order they were made.
        most: how many it might have taken.
        good: the last commit at which all is well; None where there is none.
        bad: the first at which it is not; None where all is well to the end.
    """

    what: str
    old: UpstreamCommit
    new: UpstreamCommit
    history: str
    tries: tuple[Try, ...]
    most: int
    good: UpstreamCommit | None
    bad: Try | None

    @property
    def text(self) -> str:
        """What was found, for a person."""
        count = len(self.tries)
        lines = [f"{self.what}: {count} tr{'y' if count == 1 else 'ies'}"]
        if self.history:
            lines.append(f"  history     {self.history}")
        lines.append(f"  last good   {self.good or 'none: it is so at the pin already'}")
        if self.bad is None:
            lines.append("  first bad   none")
        else:
            lines += [f"  first bad   {self.bad.commit}", f"  there       {self.bad.found}"]
        return "\n".join(map(visible, lines))

    def as_json(self) -> dict[str, Any]:
        """Plain data."""
        return {
            "good": self.bad is None,
            "what": self.what,
            "old": asdict(self.old),
            "new": asdict(self.new),
            "history": self.history,
            "last_good": asdict(self.good) if self.good else None,
            "first_bad": self.bad and self.bad.as_json(),
            "tries": [one.as_json() for one in self.tries],
            "most": self.most,
        }


def bisect_patch(
    layout: Layout, name: str, ref: str | None, *, offline: bool = False, progress: Progress = silent
) -> Bisection:
    """The first upstream commit at which a patch needs a person, or is upstream's already.

    A patch before it that needs a person is decided for that patch, so that only this one is judged.

    Args:
        name: the patch's file name, or its number.
        ref: the newest commit to look at; None for the tip of the lock's branch.

    Raises:
        PortError: upstream is out of reach, or there is no such patch.
    """
    job = _job(layout, ref, offline, progress)
    patch = find(job.files, name)
    files = job.files[: job.files.index(patch) + 1]

    def judge(commit: UpstreamCommit, explain: bool = False) -> Try:
        with staged_directory(cache_dir() / "staging") as staged:
            carried = carry(job.repository, job.lock, files, commit.id, staged, ahead=True, explain=explain)
        verdict = carried.verdicts[-1]
        bad = verdict.needs_person or verdict.kind == "upstreamed"
        found = f"{verdict.kind}{f': {verdict.detail}' if verdict.detail else ''}" if bad else "applies"
        return Try(commit, bad, found, verdict)

    found = _search(job, patch.name, judge, try_old=False)
    return replace(found, bad=judge(found.bad.commit, explain=True)) if found.bad else found


def bisect_parity(
    layout: Layout,
    case: str,
    sizes: Sequence[str],
    ref: str | None,
    *,
    offline: bool = False,
    progress: Progress = silent,
) -> Bisection:
    """The first upstream commit at which a parity case does not pass.

    Args:
        case: as pytest's -k.
        sizes: model sizes of the adapter's; its default ones where none are named.

    Raises:
        PortError: upstream is out of reach; the series does not apply at a commit that has to be tried; no
            check matches the case.
    """
    from npuport.suite import run

    job = _job(layout, ref, offline, progress)
    request = run.ParityRequest(sizes=tuple(sizes), expression=case)

    def judge(commit: UpstreamCommit) -> Try:
        with staged_directory(cache_dir() / "staging") as staged:
            candidate = _candidate(job, commit, staged)
            try:
                run.run(candidate, request, staged / "report", progress)
            except PortError as error:  # upstream does not even start there
                return Try(commit, True, error.message)
            proof = read_proof(staged / "report/results.json")
        if not any(proof.counts.values()):
            raise PortError(f"no check of the suite matches {case!r}", hint="out/report/report.md names them")
        red = f"{proof.verdict}: {', '.join(proof.red)}"
        return Try(commit, proof.verdict != "pass", "passes" if proof.verdict == "pass" else red)

    return _search(job, case, judge, try_old=True)


def _job(layout: Layout, ref: str | None, offline: bool, progress: Progress) -> Job:
    lock, files = read_port(layout)
    repository, new = resolve(layout, lock, ref, offline=offline, progress=progress)
    branch = branch_of(repository, ref, lock.branch)
    request = sessions.Request(new.ref, branch, new.commit.id, sessions.sum_of(layout))
    return Job(layout, lock, files, repository, new, request, progress)


def _candidate(job: Job, commit: UpstreamCommit, directory: Path) -> Layout:
    """The port of a commit."""
    here = replace(job, new=pin(job.repository, commit.id, commit.id))
    carried = carry(job.repository, job.lock, job.files, commit.id, directory)
    if carried.stopped:
        verdict = carried.verdicts[-1]
        raise PortError(
            f"the series does not apply at {commit.id[:12]}: {verdict.patch}: {verdict.detail}",
            hint=f"npuport rebase --bisect {verdict.patch}, and resolve that first",
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
            found = look(middle)
            if found.bad:
                bad, first = middle, found
            else:
                good = middle
    else:
        good = len(commits) - 1
    last_good = commits[good] if good >= 0 else None if try_old else old
    unusual = history.irregular(job.repository, job.lock.commit, job.new.commit.id)
    return Bisection(what, old, job.new.commit, unusual, tuple(tries), most, last_good, first)
