"""The benchmark without a port: `python -m npuport.bench --help`. A bundle's `benchmark.py` calls it."""

import argparse
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from npuport.base.errors import PortError
from npuport.bench.plan import default_plan, quick
from npuport.bench.results import dumped, results_json
from npuport.bench.rounds import BenchTarget, measure


def main(argv: Sequence[str] | None = None) -> int:
    """Measure a tree with an adapter, and write the data of results.json."""
    parser = argparse.ArgumentParser(prog="python -m npuport.bench", description=__doc__)
    parser.add_argument("--adapter", type=Path, required=True)
    parser.add_argument("--tree", type=Path, required=True, help="the model's source")
    parser.add_argument("--device", choices=("npu", "cuda", "cpu"), required=True)
    parser.add_argument("--size", required=True)
    parser.add_argument("--weights", type=Path, help="a checkpoint's directory")
    parser.add_argument("--batch", type=int, action="append", default=[])
    parser.add_argument("--dtype", action="append", default=[])
    parser.add_argument("--entry", action="append", default=[])
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--out", type=Path, required=True, help="where to write the results")
    args = parser.parse_args(argv)
    plan = default_plan(args.size, args.device)
    plan = quick(plan) if args.quick else plan
    plan = replace(
        plan,
        batches=tuple(args.batch) or plan.batches,
        dtypes=tuple(args.dtype) or plan.dtypes,
        entries=tuple(args.entry) or plan.entries,
        rounds=args.rounds or plan.rounds,
    )
    environment = {} if args.device == "npu" else {"TORCH_DEVICE_BACKEND_AUTOLOAD": "0"}
    target = BenchTarget(args.tree.resolve(), args.adapter.resolve(), args.device, args.weights, environment)
    started = time.time()
    try:
        with tempfile.NamedTemporaryFile("w", prefix="npuport-bench-", suffix=".log") as log:
            measured = measure(target, plan, log, lambda line: print(line, file=sys.stderr, flush=True))
    except PortError as error:
        print(f"error: {error.message}\nhint: {error.hint}", file=sys.stderr)
        return 1
    results = results_json(measured, plan, kind=args.device, started=started)
    args.out.write_bytes(dumped(results))
    return int(bool(results["refused"]))


if __name__ == "__main__":
    sys.exit(main())
