"""A benchmark of a port: make the port, measure it in child processes, publish the report."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from npuport import weights
from npuport.base import files
from npuport.base.errors import PortError
from npuport.bench.chart import draw
from npuport.bench.format import BenchResults, Dtype, WeightsSource
from npuport.bench.plan import DTYPES, BenchPlan, default_plan, quick
from npuport.bench.report import render
from npuport.bench.results import dumped, results_json
from npuport.bench.rounds import BenchTarget, measure
from npuport.device.choose import ALL, resolve
from npuport.port.build import port
from npuport.port.layout import Layout
from npuport.port.provenance import provenance


@dataclass(frozen=True)
class BenchRequest:
    """What the user wants measured, and where; None is the default.

    Args:
        device: auto, npu, sim, cuda, cpu.
        size: of the model.
        weights: a checkpoint, as `npuport.weights` names one.
        tree: measure this tree instead of the ported one.
        quick: the short plan of `--quick`.
        chip: the chip's name, where the device's own is not in the table.
        batches, dtypes, entries, iterations, seconds, rounds, budget: see BenchPlan.
    """

    device: str = "auto"
    size: str | None = None
    weights: str | None = None
    tree: Path | None = None
    quick: bool = False
    chip: str | None = None
    batches: tuple[int, ...] = ()
    dtypes: tuple[Dtype, ...] = ()
    entries: tuple[str, ...] = ()
    iterations: int | None = None
    seconds: float | None = None
    rounds: int | None = None
    budget: float | None = None


def run(layout: Layout, request: BenchRequest, report: Path, progress: Callable[[str], None]) -> BenchResults:
    """Make the port if it is missing, measure it, publish the report.

    Args:
        report: the report's directory; an older report stays if the benchmark fails.

    Returns:
        The data of results.json.

    Raises:
        PortError: the device or the model is not available.
    """
    tree = (request.tree or port(layout, progress=progress).path).resolve()
    if not tree.is_dir():
        raise PortError(f"{tree} is no directory", hint="name a tree with --tree DIR")
    device = resolve(request.device, progress, among=ALL)
    path, source = _weights(layout, request.weights, progress)
    plan = plan_of(request, device.kind)
    kind = "npu" if device.kind == "sim" else device.kind
    target = BenchTarget(tree, layout.adapter, kind, path, device.environment)
    started = time.time()
    with TemporaryDirectory(prefix="npuport-bench-") as scratch:
        log = Path(scratch) / "log.txt"
        with log.open("w", encoding="utf-8") as stream:
            measured = measure(target, plan, stream, progress)
        results = results_json(
            measured,
            plan,
            kind=kind,
            started=started,
            port=provenance(layout, tree),
            weights=source,
            chip=request.chip,
        )
        write_report(results, log, report)
    return results


def plan_of(request: BenchRequest, kind: str) -> BenchPlan:
    """The plan for a kind of device: the default one, changed as the user asked.

    Raises:
        PortError: a dtype is unknown.
    """
    unknown = set(request.dtypes) - set(DTYPES)
    if unknown:
        raise PortError(f"no dtype {', '.join(sorted(unknown))}", hint=f"--dtype {','.join(DTYPES)}")
    plan = default_plan(request.size, kind)
    plan = quick(plan) if request.quick else plan
    return replace(
        plan,
        batches=request.batches or plan.batches,
        dtypes=request.dtypes or plan.dtypes,
        entries=request.entries or plan.entries,
        iterations=request.iterations or plan.iterations,
        seconds=request.seconds or plan.seconds,
        rounds=request.rounds or plan.rounds,
        budget=request.budget or plan.budget,
        narrow=plan.narrow and not (request.batches or request.dtypes or request.entries),
    )


def write_report(results: BenchResults, log: Path, report: Path) -> None:
    """Write the report, in one step in the place of an older one."""
    pages = {"results.json": dumped(results), "report.md": render(results).encode()}
    with files.staged_directory(report.parent) as staging:
        for name, content in (pages | {"log.txt": log.read_bytes()} | draw(results)).items():
            files.write_atomically(staging / name, content)
        files.publish(staging, report)


def _weights(
    layout: Layout, spec: str | None, progress: Callable[[str], None]
) -> tuple[Path | None, WeightsSource | None]:
    """The checkpoint's directory and its source; None twice for random weights."""
    if spec is None:
        return None, None
    checkpoint = weights.resolve(layout, spec, progress)
    return checkpoint.path, checkpoint.to_data()
