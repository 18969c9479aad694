"""False alarms of the parity suite: the ported tree, which is right, judged with one seed after the other.

    python benchmarks/false_alarms.py [--port DIR] [--seeds 10] [--size tiny] [--device auto]

Prints a line a seed (verdict, checks, largest ratio and where) and ends with 1 if any seed raised an alarm.
Each seed draws other weights and other inputs, and costs a reference run of its own.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def main() -> int:
    """Run the suite once a seed and count."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--port", type=Path, default=ROOT)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--first", type=int, default=100)
    parser.add_argument("--size", action="append")
    parser.add_argument("--device", default="auto")
    arguments = parser.parse_args()
    alarms, largest = 0, 0.0
    for seed in range(arguments.first, arguments.first + arguments.seeds):
        answer = judge(arguments, seed)
        alarms += answer["verdict"] != "pass"
        largest = max(largest, answer["worst"]["ratio"])
        checks = sum(answer["counts"].values())
        worst = f"largest ratio {answer['worst']['ratio']:.2f} in {answer['worst']['id']}"
        print(f"seed {seed}: {answer['verdict']:6} {checks} checks, {worst}", flush=True)
    print(
        f"{alarms} of {arguments.seeds} seeds raised an alarm; largest ratio {largest:.2f}, a pass is up to 3"
    )
    return 1 if alarms else 0


def judge(arguments: argparse.Namespace, seed: int) -> dict:
    """What `npuport parity --json` answers for a seed."""
    with tempfile.TemporaryDirectory() as report:
        command = [sys.executable, "-m", "npuport", "--port", str(arguments.port), "parity", "--json"]
        command += ["--seed", str(seed), "--device", arguments.device, "--report", f"{report}/report"]
        for size in arguments.size or ["tiny"]:
            command += ["--size", size]
        path = os.pathsep.join([str(ROOT / "tools"), os.environ.get("PYTHONPATH", "")])
        done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": path})
    answer = json.loads(done.stdout)
    if "verdict" not in answer:
        sys.exit(f"seed {seed}: {answer}\n{done.stderr}")
    return answer


if __name__ == "__main__":
    sys.exit(main())
