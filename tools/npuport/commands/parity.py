"""`npuport parity`: compare the ported model on the device with upstream's on the CPU."""

import argparse
from pathlib import Path

from npuport.base.errors import UsageError
from npuport.base.text import shown
from npuport.commands import Outcome, layout_of
from npuport.suite import run
from npuport.suite.results import Results, read_results


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--device",
        choices=("auto", "npu", "sim"),
        default="auto",
        help="where the ported model runs: an NPU, the simulator, or (auto) the NPU where one answers",
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
        metavar="SPEC",
        help="trained weights instead of excited random ones: a checkpoint's directory, or a pinned hf:ID, "
        "modelscope:ID or openmind:ID (see npuport weights)",
    )
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="of weights and inputs (default: 0)")
    parser.add_argument("--tree", type=Path, metavar="DIR", help="judge this tree instead of the ported one")
    parser.add_argument(
        "--report", type=Path, metavar="DIR", help="the report's directory (default: out/report)"
    )
    parser.add_argument("-k", metavar="EXPR", help="run only the checks that match, as pytest's -k")


def run_parity(args: argparse.Namespace) -> Outcome:
    """Run the suite and sum up its results."""
    if args.weights and args.size:
        raise UsageError(
            "a checkpoint has a size of its own", "usage: npuport parity [--size NAME | --weights SPEC]"
        )
    layout = layout_of(args)
    report = args.report.resolve() if args.report else layout.report
    request = run.ParityRequest(
        device=args.device,
        sizes=tuple(args.size),
        seed=args.seed,
        weights=args.weights,
        tree=args.tree,
        expression=args.k or "",
    )
    good = run.run(layout, request, report, args.progress)
    return _outcome(read_results(report / "results.json"), report, good=good)


def _outcome(results: Results, report: Path, *, good: bool) -> Outcome:
    counts = ", ".join(f"{count} {word}" for word, count in results["counts"].items() if count)
    ratios = [(result["ratio"], result["id"]) for result in results["results"] if result["ratio"] is not None]
    ratio, check = max(ratios, key=lambda pair: pair[0], default=(None, ""))
    fallbacks = [fallback["operation"] for fallback in results["fallbacks"]]
    lines = [
        "",
        f"{results['model']} on {results['device']['name']}: {results['verdict']}",
        f"  {counts or 'no check ran'} in {results['seconds']:.0f} s",
    ]
    if ratio is not None:
        lines.append(
            f"  largest ratio {ratio:.2f} (a pass is up to {results['criterion']['pass']:g}): {check}"
        )
    if fallbacks:
        lines.append(f"  ran on the CPU: {', '.join(fallbacks)}")
    lines.append(f"  {shown(report / 'report.md')}")
    data = {
        "good": good,
        "verdict": results["verdict"],
        "device": results["device"],
        "locked": results["port"]["locked"],
        "counts": results["counts"],
        "worst": None if ratio is None else {"id": check, "ratio": ratio},
        "fallbacks": fallbacks,
        "results": str(report / "results.json"),
        "report": str(report / "report.md"),
        "junit": str(report / "junit.xml"),
    }
    return Outcome("\n".join(lines), data, int(not good))
