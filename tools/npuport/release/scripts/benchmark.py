#!/usr/bin/env python3
"""Measure this bundle on your machine: latency, throughput and memory, in the tables of the published ports.

    python benchmark.py                # a few minutes on an NPU
    python benchmark.py --quick        # the headline's functions, seconds instead of minutes
    python benchmark.py --weights DIR --batch 1 --batch 32 --dtype float32 --dtype bfloat16

Exit codes: 0 measured, 1 a run failed or something you can fix, 2 wrong usage.
"""

import argparse
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path

HERE = Path(__file__).resolve().parent
HARNESS = HERE / "eval" / "harness"
sys.dont_write_bytecode = True  # the bundle must stay as it is
sys.path.insert(0, str(HARNESS))
os.environ["PYTHONDONTWRITEBYTECODE"] = "1"

if not (HARNESS / "npuport").is_dir():
    sys.exit(f"error: {HARNESS} is missing\nhint: download the bundle again")

from npuport.base.errors import PortError  # noqa: E402 - sys.path has to name the bundle first
from npuport.bench import tables  # noqa: E402
from npuport.bench.format import BenchResults  # noqa: E402
from npuport.device.here import ask  # noqa: E402


def main(argv: Sequence[str] | None = None) -> int:
    """Measure, print the tables, write benchmark.json."""
    parser = argparse.ArgumentParser(description="Measure this bundle: latency, throughput, memory.")
    parser.add_argument("--device", choices=("auto", "npu", "cuda", "cpu"), default="auto")
    parser.add_argument("--size", metavar="NAME", help="a model size (default: the released one)")
    parser.add_argument("--weights", type=Path, metavar="DIR", help="a checkpoint (default: random weights)")
    parser.add_argument("--batch", type=int, action="append", default=[], metavar="N")
    parser.add_argument("--dtype", choices=("float32", "bfloat16", "float16"), action="append", default=[])
    parser.add_argument("--entry", action="append", default=[], metavar="NAME")
    parser.add_argument("--quick", action="store_true", help="the headline's functions only, briefly")
    parser.add_argument("--out", type=Path, default=Path("benchmark.json"), metavar="FILE")
    args = parser.parse_args(argv)
    try:
        from npuport.bench.__main__ import main as measure  # needs numpy and scipy

        device = ask(args.device)
    except ModuleNotFoundError as error:
        print(f"error: {error.name} is missing\nhint: pip install -r requirements.txt", file=sys.stderr)
        return 1
    except PortError as error:
        print(f"error: {error.message}\nhint: {error.hint}", file=sys.stderr)
        return 1
    print(f"device: {device.name}")
    released = json.loads((HERE / "results" / "benchmark.json").read_bytes())["size"]
    options = {
        "--adapter": [HERE / "eval" / "adapter.py"],
        "--tree": [HERE],
        "--device": ["npu" if device.kind == "sim" else device.kind],
        "--size": [args.size or released],
        "--out": [args.out],
        "--weights": [args.weights] if args.weights else [],
        "--batch": args.batch,
        "--dtype": args.dtype,
        "--entry": args.entry,
    }
    words = [str(word) for name, values in options.items() for value in values for word in (name, value)]
    code = measure([*words, *(["--quick"] if args.quick else [])])
    if args.out.is_file():
        print(as_text(json.loads(args.out.read_bytes())))
        print(f"\n{args.out}")
    return code


def as_text(results: BenchResults) -> str:
    """The published tables."""
    mark = " (simulated)" if results["device"]["simulated"] else ""
    lines = ["", f"{results['model']} {results['size']} on {results['device']['name']}"]
    lines += [results["meaningless"]] if results["meaningless"] else []
    lines += ["", f"{'batch 1' + mark:<44} {'latency ms':>12} {'throughput /s':>14}"]
    lines += [_line(row["label"], row) for row in tables.functions(results)]
    pipeline = (results["pipelines"] or ["pipeline"])[0]
    lines += ["", f"{pipeline + mark:<44} {'latency ms':>12} {'throughput /s':>14}"]
    lines += [_line(f"batch {row['batch']}", row) for row in tables.batches(results)]
    memory = tables.memory(results)
    lines += ["", f"{'memory' + mark:<44} {'MB':>12}"]
    for name, value in (
        ("weights", memory["weights_mb"]),
        ("inference", memory["inference_mb"]),
        ("total", memory["total_mb"]),
    ):
        lines.append(f"{name:<44} {'–' if value is None else f'{value:.1f}':>12}")
    share = memory["share"]
    lines.append(f"{'share of the device':<44} {'–' if share is None else f'{share:.2%}':>12}")
    return "\n".join(lines)


def _line(label: str, row: tables.Figures) -> str:
    return f"{label:<44} {row['latency_ms']:>12.2f} {row['throughput']:>14.1f}"


if __name__ == "__main__":
    sys.exit(main())
