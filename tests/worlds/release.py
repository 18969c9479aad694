"""Facts for a model card, small but in the shape that docs/*.schema.json describe."""

import itertools
from typing import Any

Facts = dict[str, Any]

SIMULATED, REAL = "Ascend910B4 (simulated)", "Ascend910B4"
PIN, TREE, PORTED, PORTED_TREE = "a" * 40, "b" * 40, "c" * 40, "d" * 40
ENTRIES = ("encode", "decode")
POLICIES = {"tight": "carries the verdict", "shipped": "coarse", "shipped-hf32": "what a user gets"}
VERSIONS = {
    "npuport": "0.1.0",
    "python": "3.11.7",
    "torch": "2.13.0",
    "torch_npu": "2.13.0",
    "transformers": "5.23.0",
}
FLAGS = {"conv.allow_hf32": True, "matmul.allow_hf32": False}


def facts(*, simulated: bool = True) -> Facts:
    """A good run of a toy, on the simulator or on a chip."""
    device = {
        "kind": "sim" if simulated else "npu",
        "name": SIMULATED if simulated else REAL,
        "simulated": simulated,
    }
    return {
        "model": {"name": "Toy", "title": "Toy-p8", "size": "tiny", "weights": "hf:toys/Toy-p8"},
        "title": "Toy-p8-Ascend-simulated" if simulated else "Toy-p8-Ascend",
        "card": {
            "summary": "a toy",
            "summary_zh": "一个玩具",
            "license": "other",
            "license_name": "toy",
            "pipeline_tag": "image-feature-extraction",
            "tags": ["toys"],
            "example": "print(1)",
            "citation": {"key": "toy", "title": "Toys", "authors": ["Doe, Jo", "Roe, Al"], "year": 2025},
        },
        "simulated": simulated,
        "device": device,
        "lock": {
            "url": "https://example.org/toy",
            "commit": PIN,
            "tree": TREE,
            "license": "LICENSE",
            "patches": [{"name": "0001-a.patch", "subject": "Seed it", "reason": "It | was not."}],
            "ported_commit": PORTED,
            "ported_tree": PORTED_TREE,
        },
        "parity": parity(dict(device)),
        "bench": bench(dict(device)),
        "weights": None,
        "parameters": 226949,
        "files": ["LICENSE", "assets/boat.png"],
    }


def port() -> Facts:
    """The tree that both ran."""
    return {
        "upstream": "https://example.org/toy",
        "pin": PIN,
        "patches": ["0001-a.patch"],
        "commit": PORTED,
        "tree": PORTED_TREE,
        "edits": [],
        "locked": True,
        "adapter": "e" * 64,
    }


def output(ratio: float) -> Facts:
    """An output that passed."""
    field = {
        **{"max_abs": 2e-4, "normalised_max": 7.7e-3, "normalised_mean": 4e-5, "cosine": 0.99998},
        **{"psnr_db": 57.49, "mere": 1e-3, "mare": 0.12, "ecosystem": False},
    }
    figures = {"ratio": ratio, "rms": 1e-6, "rms_allowed": 3e-6, "max_abs": 2e-4, "cpu_rms": 9e-7}
    return {"output": "output", "word": "pass", "reason": "", **figures, "field": field}


def result(name: str, check: str = "outputs", **more: Any) -> Facts:
    """A check that passed."""
    empty = dict.fromkeys(("size", "inputs", "policy", "entry", "ratio"))
    said = {"word": "pass", "reason": "", "seconds": 0.1, "flags": {}, "fallbacks": [], "figures": {}}
    return {"id": name, "check": check, **empty, **said, "outputs": [], **more}


def parity(device: Facts) -> Facts:
    """results.json of the suite."""
    results = [
        result(
            f"test_output[tiny-{policy}-random-{entry}]",
            size="tiny",
            inputs="random",
            policy=policy,
            entry=entry,
            ratio=0.5 + number / 8,
            outputs=[output(0.5 + number / 8)],
        )
        for number, (policy, entry) in enumerate(itertools.product(POLICIES, ENTRIES))
    ]
    tensors = {"tensors": 9, "differing": [], "unexpected": []}
    results.append(
        result("test_every_tensor_arrives_unchanged[tiny]", "identity", size="tiny", figures=tensors)
    )
    capture = {"key": "k", "versions": {"torch": "2.13.0"}, "threads": 2, "seconds": 1.0}
    return {
        "schema": 1,
        "verdict": "pass",
        "counts": {"pass": len(results), "review": 0, "fail": 0, "error": 0, "skip": 0},
        "model": "toy",
        "port": port(),
        "device": device,
        "versions": VERSIONS,
        "machine": {"platform": "Linux", "processor": "x86_64"},
        "seed": 0,
        "weights": None,
        "selection": {"expression": "", "deselected": 0},
        "criterion": {"pass": 3.0, "review": 8.0, "max_abs": 4.0, "floor": 2.0**-23, "members": 9},
        "policies": [{"name": name, "title": title} for name, title in POLICIES.items()],
        "default_flags": FLAGS,
        "captures": {"tiny": {**capture, "parameters": 226949, "state_dict": {}}},
        "started": "2026-11-22T16:50:26Z",
        "seconds": 8.0,
        "results": results,
        "fallbacks": [],
    }


def bench(device: Facts) -> Facts:
    """results.json of the benchmark."""
    simulated = device["simulated"]
    memory = {
        **{"weights_bytes": 645 << 20, "inference_bytes": 131 << 20, "peak_bytes": 776 << 20},
        **{"reserved_bytes": 1 << 30, "total_bytes": 1 << 30, "device_bytes": 32 << 30},
        **{"share": 776 / 32768, "device_share": 1 / 32, "basis": "the allocator"},
    }
    runs = [run(entry, batch, memory) for entry in ("encode", "reconstruct") for batch in (1, 2)]
    refused = dict.fromkeys(runs[0]) | {"entry": "encode", "dtype": "float16", "batch": 1}
    refused |= {"state": "refused", "reason": "RoPE | raises", "fallbacks": [], "rounds": []}
    return {
        "schema": 1,
        "model": "toy",
        "size": "tiny",
        "weights": None,
        "parameters": 226949,
        "port": port(),
        "device": device,
        "chip": None,
        "flags": FLAGS,
        "versions": VERSIONS,
        "machine": {"platform": "Linux", "processor": "x86_64", "threads": 2, "busy": [0.0]},
        "started": "2026-11-22T17:03:07Z",
        "seconds": 30.0,
        "plan": {
            **{"size": "tiny", "dtypes": ["float32", "float16"], "batches": [1, 2], "entries": []},
            **{"iterations": 50, "seconds": 5.0, "rounds": 3, "budget": 1800.0, "narrow": False},
            **{"headline": False, "seed": 0},
        },
        "rounds": {"count": 3, "seconds": [1.0, 1.0, 1.0], "pace": [1.0, 1.0, 1.0]},
        "entries": list(ENTRIES),
        "pipelines": ["reconstruct"],
        "headline": ["encode", "reconstruct"],
        "memory": {**memory, "entry": "reconstruct", "batch": 1},
        "runs": [*runs, refused],
        "refused": [],
        "uncounted": "norms are not counted",
        "meaningless": "Measured on the simulator: these latencies say nothing about the chip."
        if simulated
        else None,
    }


def run(entry: str, batch: int, memory: Facts) -> Facts:
    """A run that was measured."""
    latency = {"median": 25.46, "p90": 26.0, "p99": 27.0, "mean": 25.5, "min": 25.0, "interval": [25.1, 25.9]}
    launch = {"bound": "host", "reason": "r", "launches": 9, "between_us": 1.0}
    return {
        **{"entry": entry, "dtype": "float32", "batch": batch, "state": "measured", "reason": ""},
        **{"iterations": 50, "cut": None, "warmup": {"iterations": 9, "steady": True}},
        "latency_ms": latency,
        "throughput": 39.3 * batch,
        **{"outliers": 0, "throttled": False, "drift": {"rise": 0.0, "p": 1.0}},
        "launch": {**launch, "enqueue_ms": 1.0, "drain_ms": 1.0},
        **{"flops": 3359232, "flops_per_second": 1e9, "share_of_peak": None, "share_reason": "simulated"},
        "roofline": {"intensity_at_most": 3.7, "ridge": None, "memory_bound": None},
        "memory": memory,
        "fallbacks": [],
        "rounds": [[25.4], [25.5], [25.6]],
    }
