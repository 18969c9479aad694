"""`npuport bench` measures the ported model on a device; `npuport bench compare` compares two benchmarks."""

import argparse
import json
from pathlib import Path
from typing import Any

from npuport.base.errors import PortError
from npuport.base.schema import from_json
from npuport.base.text import shown
from npuport.bench.compare import compare
from npuport.bench.format import BenchResults
from npuport.bench.plan import LARGEST, doubling
from npuport.bench.report import milliseconds, notices, rate
from npuport.bench.run import BenchRequest, run
from npuport.bench.tables import functions
from npuport.commands import Outcome, layout_of
from npuport.device.choose import ALL

#: `--batch-limit memory`: double the batch until the memory is full.
MEMORY = "memory"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.epilog = (
        "Without options: every entry point and pipeline, batches 1, 2, 4 and 8, three dtypes. On a CPU or "
        "the simulator the plan is cut to end within minutes, unless batches, dtypes or entries are named."
    )

    parser.add_argument(
        "--device",
        choices=("auto", *ALL),
        default="auto",
        help="where: a real NPU, the simulator, a GPU, the CPU, or (auto) the best that answers",
    )
    parser.add_argument(
        "--size", metavar="NAME", help="a model size (default: the adapter's last default one)"
    )
    parser.add_argument(
        "--weights",
        metavar="SPEC",
        help="a checkpoint: a directory, or hf:, modelscope: or openmind: and an id",
    )
    sweep = parser.add_mutually_exclusive_group()
    sweep.add_argument("--batch", type=_numbers, metavar="N,...", help="batch sizes (default: 1,2,4,8)")
    sweep.add_argument(
        "--batch-limit",
        type=_limit,
        metavar="N|memory",
        help="double the batch up to N, or until memory is full",
    )
    parser.add_argument(
        "--dtype",
        type=_words,
        metavar="NAME,...",
        help="float32, bfloat16, float16 (default: all)",
    )
    parser.add_argument(
        "--entry", action="append", metavar="NAME", help="an entry point; may be given more than once"
    )
    parser.add_argument("--seconds", type=_positive, metavar="S", help="timed seconds of a run, at most")
    parser.add_argument("--iterations", type=_count, metavar="N", help="iterations of a run (default: 50)")
    parser.add_argument("--rounds", type=_count, metavar="N", help="processes to measure in (default: 5)")
    parser.add_argument(
        "--budget",
        type=_positive,
        metavar="S",
        help="after the third round, begin no round that would end later",
    )
    parser.add_argument(
        "--chip", metavar="NAME", help="use this chip's peak, where the device does not name its chip"
    )
    parser.add_argument(
        "--quick", action="store_true", help="a short benchmark: the headline, two batches, three rounds"
    )
    parser.add_argument(
        "--tree", type=Path, metavar="DIR", help="measure this tree instead of the ported one"
    )
    parser.add_argument("--report", type=Path, metavar="DIR", help="where to publish (default: out/bench)")
    plain: Any = type(parser).__mro__[1]  # without the commands' late import
    verbs: Any = parser.add_subparsers(dest="verb", metavar="[compare A B]", parser_class=plain)
    line = "is benchmark B slower than A; exit code 1 on a regression beyond the bound"
    against = verbs.add_parser("compare", help=line, description=line)
    against.add_argument("before", type=Path, metavar="A.json")
    against.add_argument("after", type=Path, metavar="B.json")
    against.add_argument(
        "--bound",
        type=_share,
        default=0.05,
        metavar="5%",
        help="by how much B may be slower (default: 5%%)",
    )
    against.add_argument("--despite", action="store_true", help="compare even if the conditions differ")
    against.add_argument(
        "--json", action="store_true", default=argparse.SUPPRESS, help="print one JSON object"
    )


def run_bench(args: argparse.Namespace) -> Outcome:
    """Measure, or compare."""
    if args.verb == "compare":
        return _compare(args)
    layout = layout_of(args)
    report = args.report.resolve() if args.report else layout.bench
    request = BenchRequest(
        device=args.device,
        size=args.size,
        weights=args.weights,
        tree=args.tree,
        quick=args.quick,
        chip=args.chip,
        batches=args.batch or args.batch_limit or (),
        dtypes=args.dtype or (),
        entries=tuple(args.entry or ()),
        iterations=args.iterations,
        seconds=args.seconds,
        rounds=args.rounds,
        budget=args.budget,
    )
    return _outcome(run(layout, request, report, args.progress), report)


def _outcome(results: BenchResults, report: Path) -> Outcome:
    states = [run["state"] for run in results["runs"]]
    counts = {state: states.count(state) for state in ("measured", "refused", "ended")}
    total = ", ".join(f"{count} {state}" for state, count in counts.items() if count)
    lines = ["", f"{results['model']} {results['size']} on {results['device']['name']}"]
    lines.append(f"  {total} in {results['seconds']:.0f} s")
    for row in functions(results):
        figures = f"{milliseconds(row['latency_ms']):>8} ms  {rate(row['throughput']):>8} items/s"
        lines.append(f"  {row['label']:<44} {figures}")
    lines += [f"  {line}" for line in notices(results)]
    lines += [f"  {line}" for line in results["refused"]]
    if results["meaningless"]:
        lines.append(f"  {results['meaningless']}")
    lines.append(f"  {shown(report / 'report.md')}")
    data = {
        "good": not results["refused"],
        "device": results["device"],
        "counts": counts,
        "refused": results["refused"],
        "meaningless": results["meaningless"],
        "functions": functions(results),
        "results": str(report / "results.json"),
        "report": str(report / "report.md"),
        "chart": str(report / "latency.svg"),
    }
    return Outcome("\n".join(lines), data, int(bool(results["refused"])))


def _compare(args: argparse.Namespace) -> Outcome:
    comparison = compare(_read(args.before), _read(args.after), args.bound, despite=args.despite)
    lines = [f"not the same: {line}" for line in comparison.unlike]
    for one in comparison.differences:
        low, high = one.interval
        lines.append(
            f"{one.verdict:<13} {one.ratio:6.3f}  [{low:.3f} … {high:.3f}]  p = {one.adjusted:<7.2g} "
            f"{one.entry}, {one.dtype}, batch {one.batch}{'  REGRESSION' if one.regression else ''}"
        )
    lines += [f"lost          {name}: B has no figures of it" for name in comparison.lost]
    if comparison.missing:
        lines.append(f"{len(comparison.missing)} runs are in only one of the two")
    words = [one.verdict for one in comparison.differences]
    counts = ", ".join(f"{words.count(word)} {word}" for word in ("faster", "slower", "no difference"))
    lines.append(
        f"{counts}; {len(comparison.regressions)} slower by more than {comparison.bound:g} of the latency"
    )
    return Outcome("\n".join(lines), comparison.json(), int(not comparison.good))


def _read(path: Path) -> BenchResults:
    """The data of a results.json, or of the one in a report's directory."""
    path = path / "results.json" if path.is_dir() else path
    hint = "name a results.json that npuport bench wrote"
    try:
        return from_json(BenchResults, json.loads(path.read_bytes()))
    except FileNotFoundError as error:
        raise PortError(f"{path} is missing", hint=hint) from error
    except ValueError as error:
        raise PortError(f"{path} has no results of a benchmark: {error}", hint=hint) from error


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(sorted({_count(word) for word in text.split(",")}))


def _words(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(word.strip() for word in text.split(",") if word.strip()))


def _limit(text: str) -> tuple[int, ...]:
    return doubling(LARGEST if text == MEMORY else _count(text))


def _count(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text} is less than 1")
    return number


def _positive(text: str) -> float:
    number = float(text)
    if not 0 < number < 1e9:
        raise argparse.ArgumentTypeError(f"{text} is not a positive number of seconds")
    return number


def _share(text: str) -> float:
    number = float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
    if not 0 <= number < 10:
        raise argparse.ArgumentTypeError(f"{text} is not a share")
    return number
