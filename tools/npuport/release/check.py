"""The check of a bundle: whether its content is what it claims. Nothing of it is run."""

import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from npuport import __version__
from npuport.base.errors import PortError
from npuport.bench.format import BenchResults
from npuport.port import upstream
from npuport.port.build import build, check_ids, read_port
from npuport.port.checkout import verify_pin
from npuport.port.layout import Layout
from npuport.port.lock import Lock, read_lock
from npuport.port.provenance import adapter_digest
from npuport.release import card, contents, sbom, sums
from npuport.release import statement as slsa
from npuport.release.evidence import AnyResults, Evidence, lacks, read_results
from npuport.release.inputs import BundleInputs
from npuport.release.model import read_release
from npuport.release.source import BundleFile, read_source
from npuport.release.statement import Statement
from npuport.suite.results import Results


@dataclass(frozen=True)
class BundleFinding:
    """A finding about a bundle: an error, or a note on what could not be compared."""

    level: Literal["error", "note"]
    what: str


@dataclass(frozen=True)
class Checked:
    """The result of a check.

    Args:
        title: the bundle's name, as its results give it.
        commit: the ported commit, derived again.
        source: number of files of the ported tree in the bundle.
        findings: empty for a good bundle.
    """

    title: str
    commit: str
    source: int
    findings: tuple[BundleFinding, ...]

    @property
    def good(self) -> bool:
        """Whether there is no error."""
        return all(finding.level != "error" for finding in self.findings)


def check(directory: Path, here: Layout | None, *, offline: bool, progress: Callable[[str], None]) -> Checked:
    """Check a bundle: its digests, provenance, results and pages; and its source: upstream plus the series.

    Upstream is fetched from the url in the bundle's lock, and our own code applies the series to it.

    Args:
        directory: the bundle's.
        here: the port of the current directory. If its lock has the bundle's url, a url that is a relative
            path is taken relative to it.
        offline: do not use the network.
        progress: called with lines on work that takes its time.

    Raises:
        PortError: a part without which nothing can be checked is missing or malformed.
    """
    findings = [_error(line) for line in sums.differences(directory)]
    statement = slsa.read_provenance(directory / slsa.NAME)
    inputs = _inputs(directory, statement)
    findings += _check_statement(directory, statement, inputs)
    findings += _check_claims(directory, statement, inputs)
    source = _derive(directory, inputs, here, offline=offline, progress=progress)
    findings += _check_source(directory, inputs, source)
    findings += _check_pages(directory, statement, inputs, source)
    return Checked(inputs.title, inputs.lock.ported_commit, len(source), tuple(findings))


def _error(what: str) -> BundleFinding:
    return BundleFinding("error", what)


def _inputs(directory: Path, statement: Statement) -> BundleInputs:
    port = Layout(directory / "eval")
    lock, patches = read_port(port)
    release = read_release(port)
    name = statement.external.get("model")
    evidence = Evidence(
        _results(Results, directory / "results/parity.json"),
        _results(BenchResults, directory / "results/benchmark.json"),
    )
    return BundleInputs(lock, patches, release, release.model(None if name is None else str(name)), evidence)


def _results(kind: type[AnyResults], path: Path) -> AnyResults:
    results = read_results(kind, path, "check it with the npuport that made it")
    if results is None:
        raise PortError(f"{path} is missing", hint="download the bundle again")
    return results


def _check_statement(directory: Path, statement: Statement, inputs: BundleInputs) -> Iterator[BundleFinding]:
    """Whether the provenance is of these files, this lock and these results."""
    named = statement.digests
    listed = sums.read_sums(directory / sums.NAME)
    expected = {path: digest for path, digest in listed.items() if path != slsa.NAME}
    for path in sorted(named.keys() ^ expected.keys()):
        yield _error(f"{path}: in only one of {sums.NAME} and {slsa.NAME}")
    for path in sorted(named.keys() & expected.keys()):
        if named[path] != expected[path]:
            yield _error(f"{path}: its digests in {sums.NAME} and {slsa.NAME} differ")
    if statement.external != slsa.external(inputs):
        yield _error(f"{slsa.NAME}: its parameters are not those of the results")


def _check_claims(directory: Path, statement: Statement, inputs: BundleInputs) -> Iterator[BundleFinding]:
    """Whether the results carry a release, and the bundle's names are theirs."""
    evidence = inputs.evidence
    adapter = adapter_digest(Layout(directory / "eval"))
    for lack in lacks(evidence.parity, evidence.bench, inputs.lock, inputs.model, adapter):
        yield _error(lack.what)
    titles = {inputs.title, statement.external.get("title")}
    if directory.name.startswith(inputs.model.title):
        titles.add(directory.name)
    for title in sorted(map(str, titles - {inputs.title})):
        fault = "simulated results presented as hardware's" if evidence.simulated else "another name"
        yield _error(f"{title}: {fault}; the results are those of {inputs.title}")


def _derive(
    directory: Path,
    inputs: BundleInputs,
    here: Layout | None,
    *,
    offline: bool,
    progress: Callable[[str], None],
) -> Mapping[str, BundleFile]:
    """The source, made again from upstream and the series."""
    lock = inputs.lock
    layout = here if here and _same_upstream(here, lock) else Layout(directory / "eval")
    repository = upstream.ensure(layout, lock, offline=offline, progress=progress)
    verify_pin(repository, lock)
    with tempfile.TemporaryDirectory(prefix="npuport-check-") as scratch:
        commit, tree = build(repository, lock, inputs.patches, Path(scratch))
        check_ids(lock, commit, tree)
        return read_source(Path(scratch), commit, inputs.release.source.include)


def _same_upstream(here: Layout, lock: Lock) -> bool:
    try:
        return read_lock(here.lock).url == lock.url
    except PortError:
        return False


def _check_source(
    directory: Path, inputs: BundleInputs, source: Mapping[str, BundleFile]
) -> Iterator[BundleFinding]:
    """Whether the bundle holds exactly the source, and no file of unknown origin beside it."""
    for path, file in source.items():
        copy = directory / path
        if not copy.is_file() or copy.read_bytes() != file.data:
            yield _error(f"{path}: differs from upstream plus the series")
        elif bool(copy.stat().st_mode & 0o100) != bool(file.mode & 0o100):
            yield BundleFinding("note", f"{path}: its mode differs from upstream's")
    own = contents.own_names(inputs) | {sbom.NAME, slsa.NAME}
    for path in sums.listed(directory):
        if path not in source and path not in own:
            yield _error(f"{path}: neither from upstream nor from npuport")


def _check_pages(
    directory: Path, statement: Statement, inputs: BundleInputs, source: Mapping[str, BundleFile]
) -> Iterator[BundleFinding]:
    """Whether the pages follow from the results, and npuport's part is ours, if this npuport made them."""
    if statement.npuport != __version__:
        yield BundleFinding(
            "note",
            f"made by npuport {statement.npuport}, this is {__version__}: pages and harness not compared",
        )
        return
    pages = {
        "requirements.txt": BundleFile(contents.requirements(inputs)),
        "NOTICE": BundleFile(contents.notice(inputs)),
    }
    try:
        pages |= card.pages_of(inputs, source)
    except PortError as error:  # results that contradict themselves have no pages
        yield _error(error.message)
    for name, file in pages.items():
        if not (directory / name).is_file() or (directory / name).read_bytes() != file.data:
            yield _error(f"{name}: does not follow from the results in the bundle")
    for name, data in contents.harness_files().items():
        path = directory / "eval/harness" / name
        if not path.is_file() or path.read_bytes() != data:
            yield BundleFinding("note", f"eval/harness/{name}: differs from this npuport's")
