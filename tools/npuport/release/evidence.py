"""The results that a release stands on, and whether they carry it."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from npuport.base.errors import PortError
from npuport.base.schema import from_json
from npuport.bench.format import BenchResults
from npuport.port.layout import Layout
from npuport.port.lock import Lock
from npuport.port.provenance import adapter_digest
from npuport.release.model import ReleaseModel
from npuport.suite.results import JudgedDevice, Results
from npuport.suite.trust import doubts, doubts_on_device, doubts_on_tree

AnyResults = TypeVar("AnyResults", Results, BenchResults)

#: Packages that the suite and the benchmark must have run with in the same version.
_VERSIONS = ("torch", "torch_npu", "transformers")


@dataclass(frozen=True)
class Lack:
    """A reason why there is no release, and the command that removes it."""

    what: str
    hint: str


@dataclass(frozen=True)
class Evidence:
    """Results that carry a release.

    Args:
        parity: results.json of the parity suite.
        bench: results.json of the benchmark.
    """

    parity: Results
    bench: BenchResults

    @property
    def device(self) -> JudgedDevice:
        """The device that both ran on."""
        return self.parity["device"]

    @property
    def simulated(self) -> bool:
        """Whether no chip was involved."""
        return self.device["simulated"]

    @property
    def finished(self) -> str:
        """When the later of the two runs began, UTC, ISO 8601: the only time in a bundle."""
        return max(self.parity["started"], self.bench["started"])


def read_results(kind: type[AnyResults], path: Path, hint: str) -> AnyResults | None:
    """Read a results.json; None where it is missing.

    Args:
        kind: what it must hold.
        path: the file.
        hint: of the error.

    Raises:
        PortError: it is malformed, or another version of npuport wrote it.
    """
    try:
        return from_json(kind, json.loads(path.read_bytes()))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise PortError(f"{path}: {error}", hint=hint) from error


def gather(layout: Layout, lock: Lock, model: ReleaseModel) -> Evidence | tuple[Lack, ...]:
    """The results of a port, or every reason why they do not carry a release of the model."""
    hint = "remove it, and run again with this npuport"
    parity = read_results(Results, layout.report / "results.json", hint)
    bench = read_results(BenchResults, layout.bench / "results.json", hint)
    missing = tuple(lacks(parity, bench, lock, model, adapter_digest(layout)))
    if missing or parity is None or bench is None:
        return missing
    return Evidence(parity, bench)


def lacks(
    parity: Results | None, bench: BenchResults | None, lock: Lock, model: ReleaseModel, adapter: str
) -> Iterator[Lack]:
    """The reasons why results do not carry a release of a port's model.

    Args:
        parity, bench: the results; None where there are none.
        lock: the port's.
        model: the model to release.
        adapter: the sha256 of the port's adapter.
    """
    run_parity = f"npuport parity --size {model.size}"
    run_bench = f"npuport bench --size {model.size}"
    if parity:
        for doubt in doubts(parity, lock, adapter, (model.size,)):
            yield Lack(f"parity {doubt}", run_parity)
    else:
        yield Lack("parity has not run", run_parity)
    if bench:
        for doubt in _bench_doubts(bench, lock, model, adapter):
            yield Lack(f"the benchmark {doubt}", run_bench)
    else:
        yield Lack("the benchmark has not run", run_bench)
    if parity and bench:
        yield from (Lack(difference, run_bench) for difference in _differences(parity, bench))


def _bench_doubts(results: BenchResults, lock: Lock, model: ReleaseModel, adapter: str) -> Iterator[str]:
    if results["size"] != model.size:
        yield f"ran on size {results['size']}, not on {model.size}"
    first = [run for run in results["runs"] if (run["dtype"], run["batch"]) == ("float32", 1)]
    if not any(run["state"] == "measured" for run in first):
        yield "has nothing in float32 at batch 1"
    for run in [run for run in first if run["state"] != "measured"][:1]:
        yield f"could not run {run['entry']} at batch {run['batch']}: {run['reason']}"
    if results["port"]:
        yield from doubts_on_tree(results["port"], lock, adapter)
    else:
        yield "does not name the tree that it measured"
    yield from doubts_on_device(**results["device"])


def _differences(parity: Results, bench: BenchResults) -> Iterator[str]:
    ours, theirs = parity["device"], bench["device"]
    if (ours["kind"], ours["name"]) != (theirs["kind"], theirs["name"]):
        yield f"parity ran on {ours['name']}, the benchmark on {theirs['name']}"
    for name in _VERSIONS:
        one, other = parity["versions"].get(name), bench["versions"].get(name)
        if one != other:
            yield f"parity ran with {name} {one}, the benchmark with {other}"
