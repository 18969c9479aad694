"""A bundle that somebody else made: is it what it says. Nothing of it is run."""

import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from npuport import __version__
from npuport.base.errors import PortError
from npuport.base.schema import schema_of
from npuport.bench.format import BenchResults
from npuport.port import upstream
from npuport.port.build import build, check_ids, read_port
from npuport.port.checkout import verify_pin
from npuport.port.layout import Layout
from npuport.port.lock import Lock, read_lock
from npuport.port.provenance import adapter_digest
from npuport.release import contents, sbom, sums
from npuport.release import statement as slsa
from npuport.release.contents import Subject
from npuport.release.evidence import Evidence, lacks, read_results
from npuport.release.model import read_release
from npuport.release.source import File, read_source
from npuport.suite.results import Results

_SHAPES: Mapping[str, type] = {"results/parity.json": Results, "results/benchmark.json": BenchResults}


@dataclass(frozen=True)
class Finding:
    """Something about a bundle: an error, or a note on what could not be told."""

    level: Literal["error", "note"]
    what: str


@dataclass(frozen=True)
class Checked:
    """What was found of a bundle.

    Args:
        title: its name, as its results give it.
        commit: its ported commit, derived anew.
        source: how many files of the ported tree it holds.
        findings: none where all is well.
    """

    title: str
    commit: str
    source: int
    findings: tuple[Finding, ...]

    @property
    def good(self) -> bool:
        """Whether there is no error."""
        return all(finding.level != "error" for finding in self.findings)


def check(directory: Path, here: Layout | None, *, offline: bool, progress: Callable[[str], None]) -> Checked:
    """Check a bundle: sums, provenance, results, pages, and that its source is upstream plus the series.

    Upstream is fetched from where the bundle's lock says, and the series put on it by our own code.

    Args:
        directory: the bundle's.
        here: a port whose upstream may stand at a path relative to it, where its lock has the bundle's url.
        offline: never touch the network.

    Raises:
        PortError: a part without which nothing can be said is missing or malformed.
    """
    findings = [Finding("error", line) for line in sums.differences(directory)]
    statement = slsa.read_provenance(directory / slsa.NAME)
    subject = _subject(directory, statement)
    findings += _statement(directory, statement, subject)
    findings += _presented(directory, statement, subject)
    source = _derive(directory, subject, here, offline=offline, progress=progress)
    findings += _source(directory, subject, source)
    findings += _generated(directory, statement, subject, source)
    return Checked(subject.title, subject.lock.ported_commit, len(source), tuple(findings))


def _subject(directory: Path, statement: Mapping[str, Any]) -> Subject:
    port = Layout(directory / "eval")
    lock, patches = read_port(port)
    release = read_release(port)
    name = statement["predicate"]["buildDefinition"]["externalParameters"].get("model")
    evidence = Evidence(*(_results(directory, path) for path in slsa.RESULTS))
    return Subject(lock, patches, release, release.model(name), evidence)


def _results(directory: Path, name: str) -> Any:
    """A bundle's results, of the form that our schema gives.

    Raises:
        PortError: they are missing or malformed.
    """
    import jsonschema

    results = read_results(directory / name)
    if not results:
        raise PortError(f"{directory / name} is missing", hint="get the bundle anew")
    schema = schema_of(_SHAPES[name], name)
    problem = jsonschema.exceptions.best_match(jsonschema.Draft202012Validator(schema).iter_errors(results))
    if problem:
        raise PortError(
            f"{directory / name}: {problem.json_path}: {problem.message[:120]}",
            hint="check it with the npuport that made it",
        )
    return results


def _statement(directory: Path, statement: Mapping[str, Any], subject: Subject) -> Iterator[Finding]:
    """Whether the provenance is of these files, this lock and these results."""
    listed = sums.read_sums(directory / sums.NAME)
    named = {one["name"]: one["digest"]["sha256"] for one in statement["subject"]}
    expected = {path: digest for path, digest in listed.items() if path != slsa.NAME}
    for path in sorted(named.keys() ^ expected.keys()):
        yield Finding("error", f"{path}: in only one of {sums.NAME} and {slsa.NAME}")
    for path in sorted(named.keys() & expected.keys()):
        if named[path] != expected[path]:
            yield Finding("error", f"{path}: {sums.NAME} and {slsa.NAME} have other sums of it")
    if statement["predicate"]["buildDefinition"]["externalParameters"] != slsa.external(subject):
        yield Finding("error", f"{slsa.NAME}: its parameters are not those of the results")


def _presented(directory: Path, statement: Mapping[str, Any], subject: Subject) -> Iterator[Finding]:
    """Whether the results carry a release, and are presented as what they are."""
    evidence = subject.evidence
    adapter = adapter_digest(Layout(directory / "eval"))
    for lack in lacks(evidence.parity, evidence.bench, subject.lock, subject.model, adapter):
        yield Finding("error", lack.what)
    titles = {subject.title, statement["predicate"]["buildDefinition"]["externalParameters"].get("title")}
    if directory.name.startswith(subject.model.title):
        titles.add(directory.name)
    for title in sorted(map(str, titles - {subject.title})):
        as_what = "simulated results presented as hardware's" if evidence.simulated else "another name"
        yield Finding("error", f"{title}: {as_what}; the results are those of {subject.title}")


def _derive(
    directory: Path,
    subject: Subject,
    here: Layout | None,
    *,
    offline: bool,
    progress: Callable[[str], None],
) -> Mapping[str, File]:
    """The source, made anew of upstream and the series."""
    lock = subject.lock
    layout = here if here and _same_upstream(here, lock) else Layout(directory / "eval")
    repository = upstream.ensure(layout, lock, offline=offline, progress=progress)
    verify_pin(repository, lock)
    with tempfile.TemporaryDirectory(prefix="npuport-check-") as scratch:
        commit, tree = build(repository, lock, subject.patches, Path(scratch))
        check_ids(lock, commit, tree)
        return read_source(Path(scratch), commit, subject.release.include)


def _same_upstream(here: Layout, lock: Lock) -> bool:
    try:
        return read_lock(here.lock).url == lock.url
    except PortError:
        return False


def _source(directory: Path, subject: Subject, source: Mapping[str, File]) -> Iterator[Finding]:
    """Whether the bundle holds the source, exactly, and nothing of unknown origin beside it."""
    for path, file in source.items():
        there = directory / path
        if not there.is_file() or there.read_bytes() != file.data:
            yield Finding("error", f"{path}: not as upstream and the series give it")
        elif bool(there.stat().st_mode & 0o100) != bool(file.mode & 0o100):
            yield Finding("note", f"{path}: its mode is not upstream's")
    own = contents.own_names(subject) | {sbom.NAME, slsa.NAME}
    for path in sums.listed(directory):
        if path not in source and path not in own:
            yield Finding("error", f"{path}: neither of upstream nor of npuport")


def _generated(
    directory: Path, statement: Mapping[str, Any], subject: Subject, source: Mapping[str, File]
) -> Iterator[Finding]:
    """Whether the pages are what the results give, and the harness ours, where this npuport made them."""
    made_by = statement["predicate"]["buildDefinition"].get("internalParameters", {}).get("npuport")
    if made_by != __version__:
        yield Finding(
            "note", f"made by npuport {made_by}: pages and harness were not compared, this is {__version__}"
        )
        return
    pages = {
        "requirements.txt": File(contents.requirements(subject)),
        "NOTICE": File(contents.notice(subject)),
    }
    try:
        pages |= contents.cards(subject, source)
    except PortError as error:  # results that contradict themselves have no pages
        yield Finding("error", error.message)
    for name, file in pages.items():
        if not (directory / name).is_file() or (directory / name).read_bytes() != file.data:
            yield Finding("error", f"{name}: not what the results in the bundle give")
    for name, data in contents.harness_files().items():
        path = directory / "eval/harness" / name
        if not path.is_file() or path.read_bytes() != data:
            yield Finding("note", f"eval/harness/{name}: not as in this npuport")
