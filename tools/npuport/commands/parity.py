"""`npuport parity`: the ported model on the device against upstream on the CPU."""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from npuport.commands import Outcome, layout_of, shown
from npuport.errors import PortError
from npuport.layout import HARNESS, Layout

#: pytest's exit codes of a run that came to its end: all well, or findings.
_FINISHED = (0, 1)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's own arguments."""
    parser.add_argument(
        "--device",
        choices=("auto", "npu", "sim"),
        default="auto",
        help="where the ported model runs: a real NPU, the simulator, or (auto) the NPU where one answers",
    )
    parser.add_argument(
        "--size",
        action="append",
        default=[],
        metavar="NAME",
        help="a model size; may be given more than once",
    )
    parser.add_argument(
        "--weights",
        type=Path,
        metavar="DIR",
        help="a checkpoint's directory, instead of excited random weights",
    )
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="of weights and inputs (default: 0)")
    parser.add_argument("--tree", type=Path, metavar="DIR", help="judge this tree instead of the ported one")
    parser.add_argument("--report", type=Path, metavar="DIR", help="where to publish (default: out/report)")
    parser.add_argument("-k", metavar="EXPR", help="only the checks that match, as pytest's -k")


def run_parity(args: argparse.Namespace) -> Outcome:
    """Port and check out what is missing, run the suite in a child process, sum up."""
    from npuport.checkout import checkout
    from npuport.device import resolve
    from npuport.port import port

    layout = layout_of(args)
    if args.tree is None:
        port(layout, progress=args.progress)
    checkout(layout, progress=args.progress)
    device = resolve(args.device, args.progress)
    report = args.report.resolve() if args.report else layout.report

    started = time.time()
    args.progress(f"parity on {device.name}")
    with tempfile.TemporaryDirectory() as scratch:
        error = Path(scratch) / "error.json"
        code = _run_suite([*_command(args, layout, device.kind, report), "--error-file", str(error)])
        if error.is_file():
            message, mend = json.loads(error.read_bytes())
            raise PortError(message, mend=mend)
    results = report / "results.json"
    if code not in _FINISHED or not results.is_file() or results.stat().st_mtime < started:
        ended = f"was killed by signal {-code}" if code < 0 else f"ended with code {code}"
        raise PortError(
            f"the suite {ended} before it had a report; its own lines are above",
            mend="mend what they say; `npuport doctor` knows what this machine lacks",
        )
    return _outcome(report, code)


def _command(args: argparse.Namespace, layout: Layout, device: str, report: Path) -> list[str]:
    suite = HARNESS / "tests" / "parity"
    words = [sys.executable, "-m", "pytest", "-c", str(suite / "pytest.ini"), str(suite)]
    words += ["-p", "no:terminal", "--progress"]
    words += [
        "--device",
        device,
        "--port",
        str(layout.root),
        "--report",
        str(report),
        "--seed",
        str(args.seed),
    ]
    for size in args.size:
        words += ["--size", size]
    for name in ("weights", "tree"):
        if path := getattr(args, name):
            words += [f"--{name}", str(path.resolve())]
    return [*words, "-k", args.k] if args.k else words


def _run_suite(command: list[str]) -> int:
    """Run pytest, its output on our stderr; an interrupt reaches it too, and is waited for."""
    path = [str(HARNESS / "tools"), *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(path), "TQDM_DISABLE": "1"}
    with subprocess.Popen(command, env=environment, stdout=sys.stderr, cwd=HARNESS) as child:
        try:
            return child.wait()
        except KeyboardInterrupt:
            child.wait()
            raise


def _outcome(report: Path, code: int) -> Outcome:
    results: dict[str, Any] = json.loads((report / "results.json").read_text(encoding="utf-8"))
    counts = {word: count for word, count in results["counts"].items() if count}
    measured = [result for result in results["results"] if result["ratio"] is not None]
    worst = max(measured, key=lambda result: result["ratio"], default=None)
    told = ", ".join(f"{count} {word}" for word, count in counts.items()) or "no check ran"
    lines = [
        "",
        f"{results['model']} on {results['device']['name']}: {results['verdict']}",
        f"  {told} in {results['seconds']:.0f} s",
    ]
    if worst:
        limit = results["criterion"]["pass"]
        lines.append(f"  largest ratio {worst['ratio']:.2f} (a pass is up to {limit:g}): {worst['id']}")
    if results["fallbacks"]:
        lines.append(f"  ran on the CPU: {', '.join(one['operation'] for one in results['fallbacks'])}")
    lines.append(f"  {shown(report / 'report.md')}")
    data = {
        "good": code == 0,
        "verdict": results["verdict"],
        "device": results["device"],
        "locked": results["port"]["locked"],
        "counts": results["counts"],
        "worst": {"id": worst["id"], "ratio": worst["ratio"]} if worst else None,
        "fallbacks": [one["operation"] for one in results["fallbacks"]],
        "results": str(report / "results.json"),
        "report": str(report / "report.md"),
        "junit": str(report / "junit.xml"),
    }
    return Outcome("\n".join(lines), data, code)
