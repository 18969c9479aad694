"""What `npuport release` takes when the results are there, and `release --check` of what it made.

    .venv/bin/python benchmarks/release.py [--port DIR] [--model NAME] [--rounds N]

Whole processes. The results of parity and benchmark must be there: `make release` before.
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--port", type=Path, default=Path(__file__).resolve().parents[1])
    parser.add_argument("--model", help="default: the first of release.toml")
    parser.add_argument("--rounds", type=int, default=5)
    return parser.parse_args()


def seconds(port: Path, *words: str) -> float:
    """Wall time of one `npuport release`."""
    started = time.perf_counter()
    command = [sys.executable, "-m", "npuport", "--port", str(port), "release", *words]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        sys.exit(done.stdout + done.stderr)
    return time.perf_counter() - started


def main() -> None:
    """Print the medians."""
    args = arguments()
    model = ["--model", args.model] if args.model else []
    made, checked = [], []
    for _ in range(args.rounds):
        with tempfile.TemporaryDirectory() as scratch:
            made.append(seconds(args.port, *model, "--out", scratch))
            (bundle,) = (path for path in Path(scratch).iterdir() if path.is_dir())
            checked.append(seconds(args.port, "--check", str(bundle)))
    for what, times in (("release, from warm results", made), ("release --check", checked)):
        print(f"{what:<28} {statistics.median(times):6.2f} s  ({min(times):.2f} to {max(times):.2f})")


if __name__ == "__main__":
    main()
