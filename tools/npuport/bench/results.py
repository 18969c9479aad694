"""The results of a benchmark, put together from what its rounds returned."""

import json
import platform
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

from npuport.base.schema import from_json, to_json
from npuport.bench import stats
from npuport.bench.answers import ModelFacts, Visit
from npuport.bench.chips import Chip, chip_of
from npuport.bench.format import (
    BenchResults,
    FailedRun,
    MeasuredRun,
    Memory,
    ModelMemory,
    PlanRecord,
    PortSource,
    Roofline,
    WeightsSource,
)
from npuport.bench.plan import BenchPlan, RunKey
from npuport.bench.rounds import Measured

#: The word in the name of every simulated device.
SIMULATED = "simulated"
#: What torch's FLOP counter leaves out.
UNCOUNTED = "elementwise operations, norms, softmax, reductions and embeddings are not counted"
#: The note in every report of a simulated run.
MEANINGLESS = "Measured on the simulator: these latencies say nothing about the chip."

RunResult = MeasuredRun | FailedRun


@dataclass(frozen=True)
class _Conditions:
    """What the figures of a run depend on, besides its samples.

    Args:
        chip: the chip whose peaks are used; None where there is none.
        no_share: why there is no share of a peak; empty where there may be one.
        disturbance: see `stats.disturbance`.
    """

    plan: BenchPlan
    chip: Chip | None
    no_share: str
    disturbance: float


def results_json(
    measured: Measured,
    plan: BenchPlan,
    *,
    kind: str,
    started: float,
    port: PortSource | None = None,
    weights: WeightsSource | None = None,
    chip: str | None = None,
) -> BenchResults:
    """The data of results.json.

    Args:
        measured: what the rounds returned.
        plan: what was measured.
        kind: of the device, as torch calls it.
        started: seconds since the epoch.
        port: where the tree comes from; None where that is unknown.
        weights: trained weights; None for random ones.
        chip: the chip's name, where it is not the device's own.
    """
    facts = measured.facts
    assert facts is not None
    name = facts["device"]
    simulated = SIMULATED in name
    on_cpu = simulated or kind == "cpu"
    known = None if on_cpu else chip_of(chip or name)
    conditions = _Conditions(
        plan,
        known,
        _no_share(known, name, kind, simulated=simulated),
        stats.disturbance(measured.busy) if on_cpu else 0.0,
    )
    runs = [_run(run, visits, conditions) for run, visits in measured.visits.items()]
    return {
        "schema": 1,
        "model": facts["model"],
        "size": facts["size"],
        "weights": weights,
        "parameters": facts["parameters"],
        "port": port,
        "device": {"kind": "sim" if simulated else kind, "name": name, "simulated": simulated},  # type: ignore[typeddict-item]
        "chip": known.json() if known else None,
        "flags": facts["flags"],
        "versions": facts["versions"],
        "machine": {
            "platform": platform.platform(),
            "processor": platform.machine(),
            "threads": facts["threads"],
            "busy": measured.busy,
        },
        "started": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(started)),
        "seconds": round(time.time() - started, 1),
        "plan": from_json(PlanRecord, to_json(replace(plan, size=facts["size"]))),
        "rounds": {"count": len(measured.seconds), "seconds": measured.seconds, "pace": _pace(measured)},
        "entries": facts["entries"],
        "pipelines": facts["pipelines"],
        "headline": facts["headline"],
        "memory": _memory(facts, runs),
        "runs": runs,
        "refused": _refused(runs, plan),
        "uncounted": UNCOUNTED,
        "meaningless": MEANINGLESS if simulated else None,
    }


def _run(run: RunKey, visits: Sequence[Visit], conditions: _Conditions) -> RunResult:
    last = visits[-1]
    if last["state"] != "measured":
        return _failed(run, last["state"], last["reason"])
    # A run that fails is not visited again, so that every visit of this one was measured.
    measured = [visit for visit in visits if visit["state"] == "measured"]
    first, plan, chip = measured[0], conditions.plan, conditions.chip
    rounds = [visit["samples_ms"] for visit in measured]
    latency, drift = stats.latency(rounds, conditions.disturbance), stats.drift(rounds)
    count = sum(map(len, rounds))
    peak = chip.peaks.get(run.dtype) if chip else None
    flops = first["flops"]
    seconds = latency["median"] / 1e3
    achieved = flops / seconds if flops else None
    share = achieved / peak if achieved and peak else None
    return {
        "entry": run.entry,
        "dtype": run.dtype,
        "batch": run.batch,
        "state": "measured",
        "reason": last["reason"],
        "iterations": count,
        "cut": _cut(count, rounds, plan),
        "warmup": {
            "iterations": sum(visit["warmup"]["iterations"] for visit in measured),
            "steady": all(visit["warmup"]["steady"] for visit in measured),
        },
        "latency_ms": latency,
        "throughput": run.batch / seconds,
        "outliers": stats.outliers(rounds),
        "throttled": drift.throttled,
        "drift": {"rise": drift.rise, "p": drift.p},
        "launch": first["launch"],
        "flops": flops,
        "flops_per_second": achieved,
        "share_of_peak": share,
        "share_reason": None if share else conditions.no_share or f"no source gives a peak in {run.dtype}",
        "roofline": _roofline(flops, first["memory"], chip, run.dtype),
        "memory": first["memory"],
        "fallbacks": first["fallbacks"],
        "rounds": rounds,
    }


def _failed(run: RunKey, state: str, reason: str) -> FailedRun:
    values = {"state": state, "reason": reason, "fallbacks": [], "rounds": []}
    return from_json(FailedRun, {**dict.fromkeys(FailedRun.__annotations__), **run._asdict(), **values})


def _cut(count: int, rounds: Sequence[Sequence[float]], plan: BenchPlan) -> str | None:
    """Why a run has fewer iterations than the plan; None where it has as many."""
    if count >= plan.iterations:
        return None
    seconds = sum(map(sum, rounds)) / 1e3
    limit = (
        f"{plan.seconds:g} s" if len(rounds) == plan.rounds else f"{len(rounds)} rounds in the time allowed"
    )
    return f"{count} of {plan.iterations} iterations, {seconds:.1f} s: cut short by {limit}"


def _roofline(flops: int | None, memory: Memory | None, chip: Chip | None, dtype: str) -> Roofline | None:
    """The largest possible arithmetic intensity: every weight is read at least once.

    What else moves (activations, what does not stay in the caches) cannot be seen from here. The figure is
    therefore an upper bound, and a bound by memory that it shows is certain.
    """
    if not flops or not memory:
        return None
    intensity = flops / memory["weights_bytes"]
    peak, bandwidth = (chip.peaks.get(dtype), chip.bandwidth) if chip else (None, None)
    ridge = peak / bandwidth if peak and bandwidth else None
    return {
        "intensity_at_most": intensity,
        "ridge": ridge,
        "memory_bound": None if ridge is None or intensity >= ridge else True,
    }


def _no_share(chip: Chip | None, device: str, kind: str, *, simulated: bool) -> str:
    if simulated:
        return "simulated: no chip took part"
    if kind == "cpu":
        return "a CPU's peak depends on its clock under load, which no source gives"
    return "" if chip else f"no peak of {device} is known: name its chip with --chip"


def _memory(facts: ModelFacts, runs: Sequence[RunResult]) -> ModelMemory:
    """The memory of the first pipeline at its smallest batch, which stands for the model."""
    measured = [run for run in runs if run["memory"]]
    pipelines = [run for run in measured if run["entry"] in facts["pipelines"]] or measured
    run = pipelines[0] if pipelines else None
    place = {"entry": run and run["entry"], "batch": run and run["batch"]}
    memory = (run and run["memory"]) or dict.fromkeys(Memory.__annotations__)
    return from_json(ModelMemory, {**memory, **place, "weights_bytes": facts["weights_bytes"]})


def _pace(measured: Measured) -> list[float]:
    """How slow each round was as a whole; see `stats.pace`. Runs that missed a round do not count."""
    count = len(measured.seconds)
    samples = (
        [visit["samples_ms"] for visit in visits if visit["state"] == "measured"]
        for visits in measured.visits.values()
    )
    return stats.pace([stats.levels(rounds) for rounds in samples if len(rounds) == count])


def _refused(runs: Sequence[RunResult], plan: BenchPlan) -> list[str]:
    """The runs that should work and do not: float32 ones. Memory may end a sweep, but not prevent it."""
    return [
        f"{run['entry']}, batch {run['batch']}: {run['reason']}"
        for run in runs
        if run["dtype"] == "float32"
        and (run["state"] == "refused" or (run["state"] == "ended" and run["batch"] == plan.batches[0]))
    ]


def dumped(data: object) -> bytes:
    """Strict JSON, without NaN; the samples of a round are on one line."""
    text = json.dumps(data, indent=1, allow_nan=False, ensure_ascii=False)
    return (re.sub(r"\[[\s\d.,e+-]*\]", _joined, text) + "\n").encode()


def _joined(numbers: re.Match[str]) -> str:
    return " ".join(numbers[0].split()).replace("[ ", "[").replace(" ]", "]")
