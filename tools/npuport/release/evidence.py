"""The results that a release stands on, and whether they carry it."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from npuport.base.errors import PortError
from npuport.port.layout import Layout
from npuport.port.lock import Lock
from npuport.port.provenance import adapter_digest
from npuport.release.model import Model
from npuport.suite.results import JudgedDevice, Results
from npuport.suite.trust import doubts, doubts_on_device, doubts_on_tree

#: What the suite and the benchmark must have in common: they are of one environment.
_VERSIONS = ("torch", "torch_npu", "transformers")


@dataclass(frozen=True)
class Lack:
    """Something without which there is no release, and the command that brings it."""

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
    bench: Mapping[str, Any]

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
        """When the later of the two runs began, UTC, ISO 8601: the one clock that a bundle knows."""
        return max(str(self.parity["started"]), str(self.bench["started"]))


def read_results(path: Path) -> dict[str, Any]:
    """A results.json; empty where there is none.

    Raises:
        PortError: it is not one.
    """
    try:
        data = json.loads(path.read_bytes())
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise PortError(f"{path}: {error}", hint="remove it and run again") from error
    if not isinstance(data, dict) or data.get("schema") != 1:
        raise PortError(f"{path} was written by another npuport", hint="remove it and run again")
    return data


def gather(layout: Layout, lock: Lock, model: Model) -> tuple[Evidence, tuple[Lack, ...]]:
    """Read a port's results.

    Returns:
        The results, and everything that keeps them from carrying a release of the model.
    """
    parity = cast(Results, read_results(layout.report / "results.json"))
    bench = read_results(layout.bench / "results.json")
    return Evidence(parity, bench), tuple(lacks(parity, bench, lock, model, adapter_digest(layout)))


def lacks(
    parity: Results, bench: Mapping[str, Any], lock: Lock, model: Model, adapter: str
) -> Iterator[Lack]:
    """What keeps results from carrying a release of a port's model.

    Args:
        adapter: the sha256 of the port's adapter.
    """
    run_parity = f"npuport parity --size {model.size}"
    run_bench = f"npuport bench --size {model.size}"
    if not parity:
        yield Lack("parity has not run", run_parity)
    else:
        yield from (
            Lack(f"parity {what}", run_parity) for what in doubts(parity, lock, adapter, (model.size,))
        )
    if not bench:
        yield Lack("the benchmark has not run", run_bench)
    else:
        yield from (
            Lack(f"the benchmark {what}", run_bench) for what in _wrong_bench(bench, lock, model, adapter)
        )
    if parity and bench:
        yield from (Lack(what, run_bench) for what in _apart(parity, bench))


def _wrong_bench(results: Mapping[str, Any], lock: Lock, model: Model, adapter: str) -> Iterator[str]:
    if results["size"] != model.size:
        yield f"ran on size {results['size']}, not on {model.size}"
    measured = [run for run in results["runs"] if run["state"] == "measured"]
    if not any(run["dtype"] == "float32" and run["batch"] == 1 for run in measured):
        yield "has nothing in float32 at batch 1"
    refused = [
        run
        for run in results["runs"]
        if (run["dtype"], run["batch"]) == ("float32", 1) and run["state"] != "measured"
    ]
    for run in refused[:1]:
        yield f"could not run {run['entry']} at batch {run['batch']}: {run['reason']}"
    yield from doubts_on_tree(results["port"], lock, adapter)
    yield from doubts_on_device(**results["device"])


def _apart(parity: Mapping[str, Any], bench: Mapping[str, Any]) -> Iterator[str]:
    one, other = parity["device"], bench["device"]
    if (one["kind"], one["name"]) != (other["kind"], other["name"]):
        yield f"parity ran on {one['name']}, the benchmark on {other['name']}"
    for name in _VERSIONS:
        one, other = parity["versions"].get(name), bench["versions"].get(name)
        if one != other:
            yield f"parity ran with {name} {one}, the benchmark with {other}"
