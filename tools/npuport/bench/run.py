"""A benchmark of a port, from outside: port, measure in child processes, publish."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from npuport.base import files
from npuport.base.errors import PortError
from npuport.bench.plan import DTYPES, Plan, default_plan, quick
from npuport.bench.report import render
from npuport.bench.results import dumped, results_json
from npuport.bench.rounds import Subject, measure
from npuport.device.choose import ALL, resolve
from npuport.port.layout import Layout


@dataclass(frozen=True)
class Request:
    """What is to be measured, and where; None is the default.

    Args:
        device: auto, npu, sim, cuda, cpu.
        size: of the model.
        weights: a checkpoint, as `npuport.weights` names one.
        tree: measure this tree instead of the ported one.
        quick: a look only.
        chip: the chip's name, where the device's own is not in the table.
        batches, dtypes, entries, iterations, seconds, rounds, budget: see Plan.
    """

    device: str = "auto"
    size: str | None = None
    weights: str | None = None
    tree: Path | None = None
    quick: bool = False
    chip: str | None = None
    batches: tuple[int, ...] = ()
    dtypes: tuple[str, ...] = ()
    entries: tuple[str, ...] = ()
    iterations: int | None = None
    seconds: float | None = None
    rounds: int | None = None
    budget: float | None = None


def run(layout: Layout, request: Request, report: Path, progress: Callable[[str], None]) -> dict[str, Any]:
    """Port what is missing, measure, publish: `report` is this run's; an older one stays if it fails.

    Returns:
        The data of results.json.

    Raises:
        PortError: the device or the model is not to be had.
    """
    from npuport.port.build import port
    from npuport.port.provenance import provenance

    tree = (request.tree or port(layout, progress=progress).path).resolve()
    if not tree.is_dir():
        raise PortError(f"{tree} is no directory", hint="name a tree with --tree DIR")
    device = resolve(request.device, progress, among=ALL)
    path, weights = _weights(layout, request.weights, progress)
    plan = plan_of(request, device.kind)
    kind = "npu" if device.kind == "sim" else device.kind
    subject = Subject(tree, layout.adapter, kind, path, device.environment)
    started = time.time()
    with TemporaryDirectory(prefix="npuport-bench-") as scratch:
        log = Path(scratch) / "log.txt"
        with log.open("w", encoding="utf-8") as stream:
            found = measure(subject, plan, stream, progress)
        data = results_json(
            found,
            plan,
            kind=kind,
            started=started,
            port=provenance(layout, tree),
            weights=weights,
            chip=request.chip,
        )
        write_report(data, log, report)
    return data


def plan_of(request: Request, kind: str) -> Plan:
    """The default plan with what the user asked for in its place.

    Raises:
        PortError: a dtype that there is not, or a number that makes no sense.
    """
    unknown = set(request.dtypes) - set(DTYPES)
    if unknown:
        raise PortError(f"no dtype {', '.join(sorted(unknown))}", hint=f"--dtype {','.join(DTYPES)}")
    plan = default_plan(request.size, kind)
    plan = quick(plan) if request.quick else plan
    asked = {name: getattr(request, name) for name in ("batches", "dtypes", "entries")}
    asked |= {name: getattr(request, name) for name in ("iterations", "seconds", "rounds", "budget")}
    given = {name: value for name, value in asked.items() if value not in (None, ())}
    if given.keys() & {"batches", "dtypes", "entries"}:
        given["narrow"] = False
    return replace(plan, **given)


def write_report(data: dict[str, Any], log: Path, report: Path) -> None:
    """Write the report in a staging directory, then let it take the old one's place."""
    from npuport.bench.chart import draw

    pages = {"results.json": dumped(data), "report.md": render(data).encode(), "log.txt": log.read_bytes()}
    with files.staged_directory(report.parent) as staging:
        for name, content in (pages | draw(data)).items():
            files.write_atomically(staging / name, content)
        files.publish(staging, report)


def _weights(
    layout: Layout, spec: str | None, progress: Callable[[str], None]
) -> tuple[Path | None, dict[str, Any] | None]:
    """The checkpoint's directory, and what the report says of it; None twice for random weights."""
    if spec is None:
        return None, None
    from npuport.weights import resolve as resolve_weights

    found = resolve_weights(layout, spec, progress)
    return found.path, {"source": found.source, "revision": found.revision, "digest": found.digest}
