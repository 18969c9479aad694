"""The three tables of the published ports, as plain data from results.json. No torch, no numpy."""

from collections.abc import Iterator
from typing import TypedDict

from npuport.bench.format import BenchResults, MeasuredRun

#: Batch sizes of the published table.
PUBLISHED = (1, 2, 4, 8)


class Figures(TypedDict):
    """The figures of a row: median latency with its interval, and items/s."""

    latency_ms: float
    interval: list[float] | None
    throughput: float


class FunctionRow(Figures):
    label: str


class BatchRow(Figures):
    """A row of the table of batch sizes."""

    batch: int


class MemoryRow(TypedDict):
    """The table of memory. An MB is 2**20 bytes; the total is the sum of the two before it.

    Args:
        share: the total over the device's memory.
    """

    weights_mb: float | None
    inference_mb: float | None
    total_mb: float | None
    share: float | None


def functions(results: BenchResults) -> list[FunctionRow]:
    """The headline at batch 1, in the first dtype."""
    runs = {run["entry"]: run for run in _measured(results) if run["batch"] == 1}
    return [{"label": name, **_figures(runs[name])} for name in results["headline"] if name in runs]


def batches(results: BenchResults) -> list[BatchRow]:
    """The first pipeline at the published batch sizes, in the first dtype."""
    first = results["pipelines"][:1]
    runs = [run for run in _measured(results) if run["entry"] in first and run["batch"] in PUBLISHED]
    return [{"batch": run["batch"], **_figures(run)} for run in sorted(runs, key=lambda run: run["batch"])]


def memory(results: BenchResults) -> MemoryRow:
    """The memory of one call of the first pipeline at the smallest batch."""
    used = results["memory"]
    return {
        "weights_mb": _megabytes(used["weights_bytes"]),
        "inference_mb": _megabytes(used["inference_bytes"]),
        "total_mb": _megabytes(used["peak_bytes"]),
        "share": used["share"],
    }


def _measured(results: BenchResults) -> Iterator[MeasuredRun]:
    first = results["plan"]["dtypes"][0]
    return (run for run in results["runs"] if run["state"] == "measured" and run["dtype"] == first)


def _figures(run: MeasuredRun) -> Figures:
    latency = run["latency_ms"]
    return {
        "latency_ms": latency["median"],
        "interval": latency["interval"],
        "throughput": run["throughput"],
    }


def _megabytes(figure: float | None) -> float | None:
    return None if figure is None else figure / 2**20
