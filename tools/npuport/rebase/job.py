"""One rebase, from a port to a pin: carry, publish what is done or what waits, prove, report."""

import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from npuport.base.errors import PortError
from npuport.base.files import clean_staging, exclusive, staged_directory
from npuport.base.places import cache_dir
from npuport.base.text import Progress
from npuport.port import trees, upstream
from npuport.port.checkout import lock_file
from npuport.port.layout import Layout
from npuport.port.lock import Lock, format_lock, remember
from npuport.port.pin import Pin
from npuport.port.publication import publish_files
from npuport.port.series import SERIES, PatchFile, digest, format_series
from npuport.rebase import session as sessions
from npuport.rebase.carry import Carried, Decision, carry
from npuport.rebase.describe import compare_licenses, sources, summarise
from npuport.rebase.summary import Summary
from npuport.rebase.verdict import Verdict


class Overtaken(PortError):
    """Another process was faster."""


@dataclass(frozen=True)
class Step:
    """Where a rebase stands after a command.

    Args:
        summary: everything about it.
        changed: whether there was anything to do.
        session: where its session is now, if it waits for a person.
    """

    summary: Summary
    changed: bool
    session: Path | None


@dataclass(frozen=True)
class Outcome:
    """What came of carrying the series, and everything about it."""

    carried: Carried
    summary: Summary


@dataclass(frozen=True)
class Job:
    """One rebase: from which port to which pin, and how."""

    layout: Layout
    lock: Lock
    files: tuple[PatchFile, ...]
    repository: Path
    new: Pin
    request: sessions.Request
    progress: Progress

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the lock of `out/`.

        Raises:
            Overtaken: the port is not the one any more that this began with.
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

    def look(self, decisions: Mapping[str, Decision] | None = None) -> Step:
        """What would come of it."""
        step = self._ahead(decisions or {})
        return replace(step, summary=self._with_sources(step.summary))

    def _ahead(self, decisions: Mapping[str, Decision]) -> Step:
        """What would come of it, as far as the series is concerned."""
        with staged_directory(cache_dir() / "staging") as staged:
            found = self._carry(staged, decisions, ahead=True).verdicts
        end = next((number for number, verdict in enumerate(found, 1) if verdict.needs_person), len(found))
        return Step(self.summary(found[:end], found[end:]), True, None)

    def carry(self, decisions: Mapping[str, Decision]) -> Outcome:
        """Carry the series; then publish the new port, or a session where it has to wait for something."""
        with staged_directory(self.layout.out) as staged:
            carried = self._carry(staged, decisions)
            waiting = len(carried.verdicts) < len(self.files)
            summary = self._ahead(decisions).summary if waiting else self.summary(carried.verdicts)
            summary = self._with_sources(summary)
            if not (carried.stopped or summary.decisions or self.request.parity):
                trees.keep(self.layout, staged / "tree", carried.commit)
                self.publish(carried)
                return Outcome(carried, replace(summary, published=True))
            if not carried.stopped:
                self.write_candidate(carried, staged / "port")
            decide = () if carried.stopped else summary.decisions
            session = sessions.Session(self.request, carried.verdicts, carried.commit, decisions, decide)
            sessions.write(staged, session)
            sessions.publish(self.layout, staged)
            return Outcome(carried, summary)

    def conclude(self, outcome: Outcome) -> Step:
        """Prove what is carried, if that was asked for, publish it if nothing is left to decide, report."""
        summary = outcome.summary
        if self.request.parity and not outcome.carried.stopped and not summary.decisions:
            summary = self._prove(summary)
            with self.locked():
                if summary.decisions:
                    sessions.note(self.layout, summary.decisions)
                else:
                    self.publish(outcome.carried)
            summary = replace(summary, published=not summary.decisions)
        from npuport.rebase import report

        if self.new.commit.id != self.lock.commit:
            report.write(self.layout.rebase, summary)
        return Step(summary, True, None if summary.published else sessions.directory(self.layout))

    def publish(self, carried: Carried) -> None:
        """Make the new port the port: patches, series, lock, changelog, the session's end, all at once."""
        series = {f"patches/{file.name}": file.data for file in carried.series}
        files: dict[str, bytes | None] = {
            f"patches/{file.name}": None for file in self.files if f"patches/{file.name}" not in series
        }
        files |= {
            name: data for name, data in series.items() if (self.layout.root / name).read_bytes() != data
        }
        text = (self.layout.patches / SERIES).read_text(encoding="utf-8")
        files[f"patches/{SERIES}"] = format_series(text, [file.name for file in carried.series]).encode()
        if self.new.commit.id != self.lock.commit:
            files["CHANGELOG.md"] = self._changelog(carried).encode()
        lock = self._lock(carried, self.lock.url)
        remember(lock)
        files["upstream.lock"] = format_lock(lock).encode()
        session = sessions.directory(self.layout)
        publish_files(self.layout, files, [session] if session.exists() else [])

    def _carry(self, staged: Path, decisions: Mapping[str, Decision], *, ahead: bool = False) -> Carried:
        target = self.new.commit.id
        return carry(self.repository, self.lock, self.files, target, staged, decisions, ahead=ahead)

    def _lock(self, carried: Carried, url: str) -> Lock:
        entries = tuple(file.entry for file in carried.series)
        license_change = compare_licenses(self.repository, self.lock, self.new.commit.id)
        return Lock(
            url=url,
            branch=self.request.branch,
            commit=self.new.commit.id,
            tree=self.new.tree,
            license_file=license_change.path,
            license_sha256=license_change.new,
            series_digest=digest(entries),
            patches=entries,
            ported_commit=carried.commit,
            ported_tree=carried.tree,
        )

    def write_candidate(self, carried: Carried, directory: Path) -> None:
        """A port like any other, of the new pin."""
        candidate = Layout(directory)
        candidate.patches.mkdir(parents=True)
        for file in carried.series:
            (candidate.patches / file.name).write_bytes(file.data)
        (candidate.patches / SERIES).write_text("".join(f"{file.name}\n" for file in carried.series))
        url = upstream.absolute_url(self.lock.url, self.layout.root)
        candidate.lock.write_text(format_lock(self._lock(carried, url)))
        if self.layout.adapter.is_file():
            shutil.copyfile(self.layout.adapter, candidate.adapter)

    def _prove(self, summary: Summary) -> Summary:
        """Run parity on the old port and on the new one; what is not a pass is for a person."""
        from npuport.rebase.proof import prove, state_dict_difference

        sizes, reports = self.request.parity, self.layout.rebase / "parity"
        before = prove(self.layout, sizes, reports / "before", self.progress)
        candidate = Layout(sessions.directory(self.layout) / "port")
        after = prove(candidate, sizes, reports / "after", self.progress)
        decide: tuple[str, ...] = ()
        if after.verdict != "pass":
            was = "" if before.verdict == "pass" else f" (it was {before.verdict} before, too)"
            decide = (
                f"parity of the new port: {after.verdict}{was}; --continue --no-parity takes it as it is",
            )
        api = summary.api + state_dict_difference(before, after)
        return replace(summary, api=api, before=before, after=after, decisions=decide)

    def _with_sources(self, summary: Summary) -> Summary:
        """Add what is new in upstream's source; nothing is where the pin stays."""
        if self.new.commit.id == self.lock.commit:
            return summary
        adapter = self.layout.adapter.read_bytes() if self.layout.adapter.is_file() else b""
        api, assumptions = sources(self.repository, self.lock, self.new.commit.id, adapter)
        return replace(summary, api=api, assumptions=assumptions)

    def _changelog(self, carried: Carried) -> str:
        from npuport.base import changelog

        text = self.layout.changelog.read_bytes().decode() if self.layout.changelog.is_file() else ""
        return changelog.with_line(text, entry(self.lock, self.new, carried.verdicts))


def entry(lock: Lock, new: Pin, verdicts: Sequence[Verdict]) -> str:
    """The changelog's line for a rebase."""
    kinds = [verdict.kind for verdict in verdicts]
    counts = ", ".join(f"{kinds.count(kind)} {kind}" for kind in dict.fromkeys(kinds)) or "no patches"
    gone = [f"; {verdict.patch} {verdict.kind}" for verdict in verdicts if not verdict.kept]
    commit = new.commit
    return f"Upstream {lock.commit[:12]} -> {commit.id[:12]} ({commit.date}): {counts}{''.join(gone)}."
