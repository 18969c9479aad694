"""The three tables of the published ports, as plain data from results.json. Pure: no torch, no numpy."""

from collections.abc import Iterator, Mapping
from typing import Any

#: Batch sizes of the published table.
PUBLISHED = (1, 2, 4, 8)


def functions(results: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The headline at batch 1, in the first dtype: `label`, `latency_ms`, `interval`, `throughput`."""
    found = {run["entry"]: run for run in _measured(results) if run["batch"] == 1}
    return [
        {
            "label": name,
            "latency_ms": found[name]["latency_ms"]["median"],
            "interval": found[name]["latency_ms"]["interval"],
            "throughput": found[name]["throughput"],
        }
        for name in results["headline"]
        if name in found
    ]


def batches(results: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The first pipeline, in the first dtype: `batch`, `latency_ms`, `interval`, `throughput`."""
    first = results["pipelines"][:1]
    return [
        {
            "batch": run["batch"],
            "latency_ms": run["latency_ms"]["median"],
            "interval": run["latency_ms"]["interval"],
            "throughput": run["throughput"],
        }
        for run in sorted(_measured(results), key=lambda run: int(run["batch"]))
        if run["entry"] in first and run["batch"] in PUBLISHED
    ]


def memory(results: Mapping[str, Any]) -> dict[str, float | None]:
    """`weights_mb`, `inference_mb`, `total_mb` (their sum; an MB is 2**20 bytes), `share` of the device's.

    Of one call of the first pipeline at the smallest batch.
    """
    found = results["memory"]
    return {
        "weights_mb": _megabytes(found["weights_bytes"]),
        "inference_mb": _megabytes(found["inference_bytes"]),
        "total_mb": _megabytes(found["peak_bytes"]),
        "share": found["share"],
    }


def _measured(results: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    first = results["plan"]["dtypes"][0]
    return (run for run in results["runs"] if run["state"] == "measured" and run["dtype"] == first)


def _megabytes(figure: float | None) -> float | None:
    return None if figure is None else figure / 2**20
