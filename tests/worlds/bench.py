"""Results of benchmarks, made by the real code from samples that a test chooses."""

import random
import time
from collections.abc import Mapping, Sequence
from typing import Any

from npuport.bench.answers import ModelFacts, Visit
from npuport.bench.format import BenchResults, Launch, Memory
from npuport.bench.plan import BenchPlan, RunKey
from npuport.bench.results import results_json
from npuport.bench.rounds import Measured

Rounds = Sequence[Sequence[float]]

FACTS: ModelFacts = {
    "model": "made",
    "size": "tiny",
    "entries": ["encode", "decode"],
    "pipelines": ["both"],
    "headline": ["encode", "both"],
    "parameters": 1000,
    "weights_bytes": 4 * 2**20,
    "device": "Ascend910B4",
    "flags": {"conv.allow_hf32": True},
    "threads": 2,
    "versions": {"npuport": "0", "python": "3", "torch": "2.13.0", "torch_npu": None, "transformers": None},
}

MEMORY: Memory = {
    "weights_bytes": 4 * 2**20,
    "inference_bytes": 2**20,
    "peak_bytes": 5 * 2**20,
    "reserved_bytes": 8 * 2**20,
    "total_bytes": 10 * 2**20,
    "device_bytes": 100 * 2**20,
    "share": 0.05,
    "device_share": 0.1,
    "basis": "a test",
}

LAUNCH: Launch = {
    "bound": "host",
    "reason": "a test",
    "launches": 10,
    "between_us": 1.0,
    "enqueue_ms": 1.0,
    "drain_ms": 0.0,
}


def noisy(median: float, seed: int, *, rounds: int = 5, between: float = 0.01) -> list[list[float]]:
    """Samples in ms: rounds that differ by a share `between`, samples within by a tenth of that."""
    source = random.Random(seed)
    levels = [median * source.lognormvariate(0, between) for _ in range(rounds)]
    return [[level * source.lognormvariate(0, between / 10) for _ in range(10)] for level in levels]


def made(
    samples: Mapping[RunKey, Rounds | str],
    *,
    kind: str = "npu",
    busy: float = 0.0,
    plan: BenchPlan | None = None,
    **facts: Any,
) -> BenchResults:
    """The results of a benchmark with these samples; a text in their place is why the run was refused."""
    visits: dict[RunKey, list[Visit]] = {}
    for run, rounds in samples.items():
        if isinstance(rounds, str):
            state = "ended" if rounds.startswith("out of memory") else "refused"
            visits[run] = [{"state": state, "reason": rounds}]
            continue
        visits[run] = [
            {
                "state": "measured",
                "reason": "",
                "samples_ms": list(one),
                "warmup": {"iterations": 6, "steady": True},
                "memory": MEMORY,
                "launch": LAUNCH,
                "fallbacks": [],
                "flops": 10**9 * run.batch,
            }
            for one in rounds
        ]
    count = max((len(one) for one in visits.values()), default=1)
    measured = Measured({**FACTS, **facts}, visits, [1.0] * count, [busy] * count)
    chosen = plan or BenchPlan("tiny", dtypes=("float32",), batches=(1, 2), rounds=count)
    return results_json(measured, chosen, kind=kind, started=time.time())
