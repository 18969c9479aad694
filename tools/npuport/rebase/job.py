"""One rebase, from a port to a pin: carry, publish the port or a session, prove, report."""

import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from npuport.base import changelog, files
from npuport.base.errors import PortError
from npuport.base.files import clean_staging, exclusive, staged_directory
from npuport.base.places import cache_dir
from npuport.base.text import Progress
from npuport.port import trees, upstream
from npuport.port.checkout import lock_file
from npuport.port.layout import Layout
from npuport.port.lock import Lock, format_lock
from npuport.port.pin import Pin
from npuport.port.series import SERIES, PatchFile
from npuport.rebase import report
from npuport.rebase import session as sessions
from npuport.rebase.carry import Carried, publish_port
from npuport.rebase.describe import compare_licenses, sources, summarise
from npuport.rebase.merge import Decision, merge_series
from npuport.rebase.proof import prove
from npuport.rebase.session import RebaseRequest, RebaseSession
from npuport.rebase.summary import Summary, state_dict_difference
from npuport.rebase.verdict import Verdict, counts


class Overtaken(PortError):
    """Another process was faster."""


@dataclass(frozen=True)
class JobResult:
    """The state of a rebase after a command.

    Args:
        summary: everything about it.
        changed: whether there was anything to do.
        session: the directory of its session, if it waits for a decision.
    """

    summary: Summary
    changed: bool
    session: Path | None


@dataclass(frozen=True)
class Job:
    """One rebase.

    Args:
        layout: the port.
        lock: its lock.
        files: its series.
        repository: holds both pins.
        new: the new pin.
        request: what the user asked for.
        progress: called with a line about what takes its time.
    """

    layout: Layout
    lock: Lock
    files: tuple[PatchFile, ...]
    repository: Path
    new: Pin
    request: RebaseRequest
    progress: Progress

    @property
    def moves(self) -> bool:
        """Whether the pin changes."""
        return self.new.commit.id != self.lock.commit

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the lock of `out/`.

        Raises:
            Overtaken: the port has changed since the job began.
        """
        with exclusive(lock_file(self.layout), lambda: self.progress("waiting for another npuport")):
            if sessions.sum_of(self.layout) != self.request.lock:
                raise Overtaken(
                    "another npuport has changed the port meanwhile", hint="run the command again"
                )
            clean_staging(self.layout.out)
            yield

    def summary(self, verdicts: tuple[Verdict, ...], ahead: tuple[Verdict, ...] = ()) -> Summary:
        """Everything about it but its proof."""
        return summarise(
            self.lock,
            [file.name for file in self.files],
            self.repository,
            self.new,
            verdicts,
            ahead=ahead,
            accepted=self.request.accept_license,
        )

    def look(self, decisions: Mapping[str, Decision] | None = None) -> JobResult:
        """The result that the rebase would have; nothing changes."""
        return JobResult(self._with_sources(self._ahead(decisions or {})), True, None)

    def carry(self, decisions: Mapping[str, Decision]) -> tuple[Carried, Summary]:
        """Carry the series; then publish the new port, or a session where it has to wait."""
        with staged_directory(self.layout.out) as staged:
            carried = self._carry(staged, decisions)
            waiting = len(carried.verdicts) < len(self.files)
            summary = self._ahead(decisions) if waiting else self.summary(carried.verdicts)
            summary = self._with_sources(summary)
            if not (carried.stopped or summary.decisions or self.request.parity):
                trees.keep(self.layout, staged / "tree", carried.commit)
                self._publish(carried)
                return carried, replace(summary, published=True)
            if not carried.stopped:
                self.write_candidate(carried, staged / "port")
            decide = () if carried.stopped else summary.decisions
            session = RebaseSession(self.request, carried.verdicts, carried.commit, decisions, decide)
            sessions.write(staged, session)
            files.publish(staged, sessions.directory(self.layout))
            return carried, summary

    def conclude(self, carried: Carried, summary: Summary) -> JobResult:
        """Prove what is carried if the user asked for it, publish it if nothing has to be decided, report."""
        if self.request.parity and not carried.stopped and not summary.decisions:
            summary = self._prove(summary)
            with self.locked():
                if summary.decisions:
                    sessions.note(self.layout, summary.decisions)
                else:
                    self._publish(carried)
            summary = replace(summary, published=not summary.decisions)
        if self.moves:
            report.write(self.layout.rebase, summary)
        return JobResult(summary, True, None if summary.published else sessions.directory(self.layout))

    def write_candidate(self, carried: Carried, directory: Path) -> None:
        """Write the carried series as a port of the new pin."""
        candidate = Layout(directory)
        candidate.patches.mkdir(parents=True)
        for file in carried.series:
            (candidate.patches / file.name).write_bytes(file.data)
        (candidate.patches / SERIES).write_text("".join(f"{file.name}\n" for file in carried.series))
        url = upstream.absolute_url(self.lock.url, self.layout.root)
        candidate.lock.write_text(format_lock(replace(self._lock(carried), url=url)))
        if self.layout.adapter.is_file():
            shutil.copyfile(self.layout.adapter, candidate.adapter)

    def _ahead(self, decisions: Mapping[str, Decision]) -> Summary:
        """The verdicts to expect on the whole series."""
        with staged_directory(cache_dir() / "staging") as staged:
            verdicts = self._carry(staged, decisions, ahead=True).verdicts
        ends = [number for number, verdict in enumerate(verdicts, 1) if verdict.needs_person]
        end = ends[0] if ends else len(verdicts)
        return self.summary(verdicts[:end], verdicts[end:])

    def _carry(self, staged: Path, decisions: Mapping[str, Decision], *, ahead: bool = False) -> Carried:
        target = self.new.commit.id
        return merge_series(self.repository, self.lock, self.files, target, staged, decisions, ahead=ahead)

    def _publish(self, carried: Carried) -> None:
        """Make the new port the port: patches, series, lock, changelog, the session's end."""
        lock = self._lock(carried)
        changes = carried.changes(self.layout, self.files, lock)
        if self.moves:
            path = self.layout.changelog
            text = path.read_bytes().decode() if path.is_file() else ""
            line = changelog_line(self.lock, self.new, carried.verdicts)
            changes["CHANGELOG.md"] = changelog.with_line(text, line).encode()
        session = sessions.directory(self.layout)
        publish_port(self.layout, lock, changes, [session] if session.exists() else [])

    def _lock(self, carried: Carried) -> Lock:
        license_change = compare_licenses(self.repository, self.lock, self.new.commit.id)
        pinned = replace(
            self.lock,
            branch=self.request.branch,
            commit=self.new.commit.id,
            tree=self.new.tree,
            license_file=license_change.path,
            license_sha256=license_change.new,
        )
        return carried.lock(pinned)

    def _prove(self, summary: Summary) -> Summary:
        """Run parity on the old port and on the new one; a verdict other than pass has to be decided."""
        sizes, reports = self.request.parity, self.layout.rebase / "parity"
        before = prove(self.layout, sizes, reports / "before", self.progress)
        candidate = Layout(sessions.directory(self.layout) / "port")
        after = prove(candidate, sizes, reports / "after", self.progress)
        decide: tuple[str, ...] = ()
        if after.verdict != "pass":
            was = "" if before.verdict == "pass" else f" (it was {before.verdict} before, too)"
            decide = (f"parity of the new port: {after.verdict}{was}; --continue --no-parity accepts it",)
        api = summary.api + state_dict_difference(before, after)
        return replace(summary, api=api, before=before, after=after, decisions=decide)

    def _with_sources(self, summary: Summary) -> Summary:
        """Add the changes of upstream's source, where the pin moves."""
        if not self.moves:
            return summary
        adapter = self.layout.adapter.read_bytes() if self.layout.adapter.is_file() else b""
        api, assumptions = sources(self.repository, self.lock, self.new.commit.id, adapter)
        return replace(summary, api=api, assumptions=assumptions)


def changelog_line(lock: Lock, new: Pin, verdicts: Sequence[Verdict]) -> str:
    """The changelog's line for a rebase."""
    gone = [f"; {verdict.patch} {verdict.kind}" for verdict in verdicts if not verdict.kept]
    kinds = counts([verdict.kind for verdict in verdicts])
    commit = new.commit
    return f"Upstream {lock.commit[:12]} -> {commit.id[:12]} ({commit.date}): {kinds}{''.join(gone)}."
