"""What the benchmark costs, and whether it believes in differences that are not there.

    .venv/bin/python benchmarks/bench.py [--port DIR] [--size NAME] [--device NAME] [--pairs N] [--blocks N]

Overhead: the bench's timed loop over a bare one around the same calls, in turns, in one process. A/A: pairs
of whole benches of the same thing, one after the other. A pair's run agrees where its two medians differ by
less than their intervals together (the root of the half widths' squares, on the logarithm, which is stricter
than that the intervals overlap), and where `bench compare` says that there is no difference.
"""

import argparse
import json
import math
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from npuport.bench.clock import timed
from npuport.bench.compare import compare
from npuport.port.layout import Layout

#: Calls of a block: one reading of the clock for all of them in the bare loop.
CALLS = 5


def arguments() -> argparse.Namespace:
    """The command line."""
    root = Path(__file__).resolve().parents[1]
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--port", type=Path, default=root / "examples" / "patchtok")
    parser.add_argument("--size", default="tiny")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--entries", type=int, default=2, help="headline entries to bench in each pair")
    parser.add_argument("--pairs", type=int, default=20)
    parser.add_argument("--blocks", type=int, default=1000)
    parser.add_argument("--keep", type=Path, help="keep every results.json in this directory")
    return parser.parse_args()


def overhead(call: Callable[[], object], blocks: int) -> tuple[float, float]:
    """Seconds of a call in the bare loop, and the bench's loop over the bare one, in turns.

    The ratio is that of the first deciles: a machine that does other things, too, only ever slows a block.
    """
    times: dict[str, list[float]] = {"bench": [], "bare": []}

    def bare() -> None:
        for _ in range(CALLS):
            call()

    loops = {"bench": lambda: timed(call, lambda: None, CALLS, 1e6), "bare": bare}
    for number in range(blocks + 10):
        for name in sorted(loops, reverse=bool(number % 2)):  # each comes first as often as second
            started = time.perf_counter()
            loops[name]()
            if number >= 10:
                times[name].append((time.perf_counter() - started) / CALLS)
    ours, theirs = (statistics.quantiles(times[name], n=10)[0] for name in ("bench", "bare"))
    return theirs, ours / theirs


def clock() -> float:
    """Seconds that the timed loop adds to an iteration, by calls that do nothing."""

    def nothing() -> None:
        return

    calls = 20_000
    costs = []
    for _ in range(15):
        started = time.perf_counter()
        for _ in range(calls):
            nothing()
        middle = time.perf_counter()
        timed(nothing, nothing, calls, 1e6)
        costs.append((time.perf_counter() - middle - (middle - started)) / calls)
    return statistics.median(costs)


def model_call(port: Path, size: str) -> tuple[str, Callable[[], object]]:
    """The headline's first entry on the CPU."""
    os.environ["TORCH_DEVICE_BACKEND_AUTOLOAD"] = "0"  # the CPU alone, in the children of the benches too
    sys.modules["torch_npu"] = None  # type: ignore[assignment]
    layout = Layout(port)
    sys.path.insert(0, str(layout.ported))
    import torch

    from npuport.adapter import load_adapter
    from npuport.bench.visit import caller

    torch.set_num_threads(1)  # two that wait for each other are noise
    adapter = load_adapter(layout.adapter)
    model = adapter.build(size)
    inputs = adapter.random_inputs(model, 0, 1)
    entries = {entry.name: entry for entry in (*adapter.entry_points, *adapter.pipelines)}
    name = adapter.headline[0]
    return name, caller(entries[name], model, inputs, "float32", "cpu")


def bench(args: argparse.Namespace, names: tuple[str, ...], report: Path) -> dict[str, Any]:
    """One whole `npuport bench`."""
    words = ["--port", str(args.port), "bench", "--device", args.device, "--size", args.size]
    words += ["--dtype", "float32", "--batch", "1,4", "--report", str(report)]
    for name in names:
        words += ["--entry", name]
    subprocess.run([sys.executable, "-m", "npuport", *words], check=True, capture_output=True)
    data: dict[str, Any] = json.loads((report / "results.json").read_bytes())
    return data


def within(one: dict[str, Any], other: dict[str, Any]) -> bool:
    """Whether two runs' medians differ by less than their intervals together."""
    medians = [math.log(run["latency_ms"]["median"]) for run in (one, other)]
    halves = [
        (math.log(run["latency_ms"]["interval"][1]) - math.log(run["latency_ms"]["interval"][0])) / 2
        for run in (one, other)
    ]
    return abs(medians[0] - medians[1]) <= math.hypot(*halves)


def main() -> None:
    """Print the two figures."""
    args = arguments()
    args.port = args.port.resolve()
    cost = clock()
    name, call = model_call(args.port, args.size)
    seconds, ratio = overhead(call, args.blocks)
    share = f"{cost / seconds:.3%} of {name}, {seconds * 1e3:.2f} ms"
    print(f"the timed loop adds {cost * 1e9:.0f} ns to an iteration: {share}")
    print(f"the timed loop over the bare loop, in turns: {ratio:.4f}", flush=True)
    if not args.pairs:
        return
    from npuport.adapter import load_adapter

    names = load_adapter(Layout(args.port).adapter).headline[: args.entries]
    agreed = runs = same = 0
    with tempfile.TemporaryDirectory() as scratch:
        keep = args.keep or Path(scratch)
        for number in range(args.pairs):
            pair = [bench(args, names, keep / f"{number}{letter}") for letter in "ab"]
            judged = [within(*two) for two in zip(pair[0]["runs"], pair[1]["runs"], strict=True)]
            words = {one.verdict for one in compare(pair[0], pair[1], 0.05).differences}
            agreed, runs = agreed + sum(judged), runs + len(judged)
            same += words == {"no difference"}
            told = f"{sum(judged)} of {len(judged)} runs differ by less than their intervals"
            print(f"  pair {number + 1}: {told}; compare: {', '.join(sorted(words))}", flush=True)
    print(f"{agreed} of {runs} runs differ by less than their intervals; target 19 of 20")
    print(f"{same} of {args.pairs} pairs have no difference for compare; target 19 of 20")


if __name__ == "__main__":
    main()
