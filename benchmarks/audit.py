"""What an audit takes, in one run.

    .venv/bin/python benchmarks/audit.py [--tree DIR]... [--files N] [--rounds N]

Whole processes of `npuport audit`, the median of the rounds: upstream at the pin against the series, then
with each --tree (LightningDiT, say) as well; then trees of a quarter, half and all of N Python files, to see
that the time is linear in files. These are made of the sources of the installed torch and transformers.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path

from npuport.base.places import HARNESS

COMMAND = [sys.executable, "-m", "npuport", "--port", str(HARNESS), "audit", "--json", "--offline"]


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tree", action="append", type=Path, default=[])
    parser.add_argument("--files", type=int, default=3000)
    parser.add_argument("--rounds", type=int, default=5)
    args = parser.parse_args()
    print(f"{os.cpu_count()} cores")
    report("upstream at the pin", [], args.rounds)
    if args.tree:
        trees = [word for tree in (HARNESS / "out/checkout", *args.tree) for word in ("--tree", str(tree))]
        report("upstream and the trees", trees, args.rounds)
    for share in (4, 2, 1):
        with tempfile.TemporaryDirectory() as scratch:
            make_tree(Path(scratch), args.files // share)
            report(f"{args.files // share} Python files", ["--tree", scratch], 1 if share == 1 else 2)


def report(what: str, arguments: list[str], rounds: int) -> None:
    """Run the command so many times and print the median."""
    times = []
    for _ in range(rounds):
        started = time.perf_counter()
        done = subprocess.run(
            [*COMMAND, *arguments],
            env=os.environ | {"PYTHONPATH": str(HARNESS / "tools")},
            capture_output=True,
            check=False,
        )
        times.append(time.perf_counter() - started)
    data = json.loads(done.stdout)
    files = sum(tree["files"] for tree in data["trees"])
    taken = statistics.median(times)
    print(f"{what:24} {taken:7.2f} s  {files:5} files, {len(data['findings']):5} findings", end="")
    print(f", {taken / files * 1000:.1f} ms a file")


def make_tree(directory: Path, count: int) -> None:
    """So many Python files, spread evenly over the sources of installed packages."""
    sources = [path for name in ("transformers", "torch") for path in sorted(installed(name).rglob("*.py"))]
    for number in range(count):
        source = sources[number * len(sources) // count]
        target = directory / f"package_{number % 50}" / f"module_{number}.py"
        target.parent.mkdir(exist_ok=True)
        target.write_bytes(source.read_bytes())


def installed(name: str) -> Path:
    """The directory of an installed package, which is not imported."""
    spec = find_spec(name)
    if spec is None or spec.origin is None:
        sys.exit(f"{name} is not installed: its sources are what this measures")
    return Path(spec.origin).parent


if __name__ == "__main__":
    main()
