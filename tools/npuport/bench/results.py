"""All that a benchmark found as plain data, which docs/bench.schema.json describes."""

import json
import platform
import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from npuport.bench import stats
from npuport.bench.chips import Chip, chip_of
from npuport.bench.plan import Plan, Run
from npuport.bench.rounds import Measured

#: Version of the shape of results.json.
SCHEMA = 1
#: The word that stands in the name of every simulated device.
SIMULATED = "simulated"
#: What torch's FLOP counter leaves out.
UNCOUNTED = "elementwise operations, norms, softmax, reductions and embeddings are not counted"
#: What every report of a simulated run says.
MEANINGLESS = "Measured on the simulator: these latencies say nothing about the chip."


def results_json(
    measured: Measured,
    plan: Plan,
    *,
    kind: str,
    started: float,
    port: Mapping[str, Any] | None = None,
    weights: Mapping[str, Any] | None = None,
    chip: str | None = None,
) -> dict[str, Any]:
    """Put the benchmark together.

    Args:
        measured: what the rounds left.
        plan: what was asked.
        kind: the device's as torch calls it.
        started: seconds since the epoch.
        port: where the tree comes from; None where nobody knows.
        weights: source, revision and digest of trained weights; None for random ones.
        chip: the chip's name, where it is not the device's own.
    """
    facts = measured.facts
    simulated = SIMULATED in facts["device"]
    found = None if simulated or kind == "cpu" else chip_of(chip or facts["device"])
    why = _without(found, facts["device"], kind, simulated=simulated)
    disturbance = stats.disturbance(measured.busy) if simulated or kind == "cpu" else 0.0
    runs = [_run(run, visits, plan, found, why, disturbance) for run, visits in measured.visits.items()]
    return {
        "schema": SCHEMA,
        "model": facts["model"],
        "size": facts["size"],
        "weights": weights,
        "parameters": facts["parameters"],
        "port": port,
        "device": {
            "kind": "sim" if simulated else kind,
            "name": facts["device"],
            "simulated": simulated,
        },
        "chip": _chip(found) if found else None,
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
        "plan": plan.json() | {"size": facts["size"]},
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


def _run(
    run: Run,
    visits: Sequence[Mapping[str, Any]],
    plan: Plan,
    chip: Chip | None,
    why: str | None,
    disturbance: float,
) -> dict[str, Any]:
    entry, dtype, batch = run
    first, last = visits[0], visits[-1]
    base = {"entry": entry, "dtype": dtype, "batch": batch, "state": last["state"], "reason": last["reason"]}
    if last["state"] != "measured":
        return {**base, **dict.fromkeys(_FIGURES), "fallbacks": [], "rounds": []}
    rounds = [visit["samples_ms"] for visit in visits]
    latency, drift = stats.latency(rounds, disturbance), stats.drift(rounds)
    count = sum(map(len, rounds))
    peak = chip.peaks.get(dtype) if chip else None
    flops = first["flops"]
    achieved = flops / (latency.median / 1e3) if flops else None
    return {
        **base,
        "iterations": count,
        "cut": _cut(count, rounds, plan),
        "warmup": {
            "iterations": sum(visit["warmup"]["iterations"] for visit in visits),
            "steady": all(visit["warmup"]["steady"] for visit in visits),
        },
        "latency_ms": {
            key: list(value) if isinstance(value, tuple) else value for key, value in asdict(latency).items()
        },
        "throughput": batch / (latency.median / 1e3),
        "outliers": stats.outliers(rounds),
        "throttled": drift.throttled,
        "drift": {"rise": drift.rise, "p": drift.p},
        "launch": first["launch"],
        "flops": flops,
        "flops_per_second": achieved,
        "share_of_peak": achieved / peak if achieved and peak else None,
        "share_reason": None if achieved and peak else why or f"no source gives a peak in {dtype}",
        "roofline": _roofline(flops, first["memory"], chip, dtype),
        "memory": first["memory"],
        "fallbacks": first["fallbacks"],
        "rounds": rounds,
    }


_FIGURES = (
    "iterations",
    "cut",
    "warmup",
    "latency_ms",
    "throughput",
    "outliers",
    "throttled",
    "drift",
    "launch",
    "flops",
    "flops_per_second",
    "share_of_peak",
    "share_reason",
    "roofline",
    "memory",
)


def _cut(count: int, rounds: Sequence[Sequence[float]], plan: Plan) -> str | None:
    """Why a run has fewer iterations than were asked for."""
    if count >= plan.iterations:
        return None
    seconds = sum(map(sum, rounds)) / 1e3
    why = f"{plan.seconds:g} s" if len(rounds) == plan.rounds else f"{len(rounds)} rounds in the time allowed"
    return f"{count} of {plan.iterations} iterations, {seconds:.1f} s: cut short by {why}"


def _roofline(
    flops: int | None, memory: Mapping[str, Any] | None, chip: Chip | None, dtype: str
) -> dict[str, Any] | None:
    """Arithmetic intensity, at most: every weight is read once, whatever else moves is not known.

    The bytes that truly move (activations, what does not stay in the caches) cannot be seen from here, so
    that the figure is an upper bound, and a bound by memory found with it is certain.
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


def _chip(chip: Chip) -> dict[str, Any]:
    return {
        "name": chip.name,
        "peaks": chip.peaks,
        "memory": chip.memory,
        "bandwidth": chip.bandwidth,
        "source": chip.source,
        "notes": list(chip.notes),
    }


def _without(chip: Chip | None, device: str, kind: str, *, simulated: bool) -> str | None:
    """Why there is no share of a peak; None where there may be."""
    if simulated:
        return "simulated: no chip took part"
    if kind == "cpu":
        return "a CPU's peak depends on its clock under load, which no source gives"
    return None if chip else f"no peak is known of {device}: name its chip with --chip"


def _memory(facts: Mapping[str, Any], runs: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The headline's last entry at its smallest batch stands for the model; the largest of all beside it."""
    measured = [run for run in runs if run["memory"]]
    pipelines = [run for run in measured if run["entry"] in facts["pipelines"]] or measured
    basis = pipelines[0]["memory"] if pipelines else None
    return {
        "weights_bytes": facts["weights_bytes"],
        "entry": pipelines[0]["entry"] if pipelines else None,
        "batch": pipelines[0]["batch"] if pipelines else None,
        "inference_bytes": basis and basis["inference_bytes"],
        "peak_bytes": basis and basis["peak_bytes"],
        "reserved_bytes": basis and basis["reserved_bytes"],
        "total_bytes": basis and basis["total_bytes"],
        "device_bytes": basis and basis["device_bytes"],
        "share": basis and basis["share"],
        "device_share": basis and basis["device_share"],
        "basis": basis and basis["basis"],
    }


def _pace(measured: Measured) -> list[float]:
    """How slow each round was: its runs' medians over their mean over all rounds, the median of these."""
    levels = [
        stats.levels([visit["samples_ms"] for visit in visits])
        for visits in measured.visits.values()
        if all(visit["state"] == "measured" for visit in visits)
    ]
    return stats.pace([one for one in levels if len(one) == len(measured.seconds)])


def _refused(runs: Sequence[Mapping[str, Any]], plan: Plan) -> list[str]:
    """Findings: what ought to run and does not. Only float32 must; memory may end a sweep, not prevent it."""
    return [
        f"{run['entry']}, batch {run['batch']}: {run['reason']}"
        for run in runs
        if run["dtype"] == "float32"
        and (run["state"] == "refused" or (run["state"] == "ended" and run["batch"] == plan.batches[0]))
    ]


def dumped(data: object) -> bytes:
    """Strict JSON, with no NaN; samples of a round stay on one line."""
    text = json.dumps(data, indent=1, allow_nan=False, ensure_ascii=False)
    return (re.sub(r"\[[\s\d.,e+-]*\]", _joined, text) + "\n").encode()


def _joined(numbers: re.Match[str]) -> str:
    return " ".join(numbers[0].split()).replace("[ ", "[").replace(" ]", "]")
