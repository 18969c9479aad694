"""`npuport bench`: what the ported model takes of a device; `npuport bench compare`: two of these."""

import argparse
import json
from pathlib import Path
from typing import Any

from npuport.base.errors import PortError
from npuport.base.text import shown
from npuport.commands import Outcome, layout_of

#: `--batch-limit memory`: double until the memory is full.
MEMORY = "memory"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The benchmark's own options, and the verb `compare`."""
    from npuport.device.choose import ALL

    parser.epilog = (
        "Without options: every entry point and pipeline, batches 1, 2, 4 and 8, three dtypes. On a CPU or "
        "the simulator that is cut to what ends within minutes, unless batches, dtypes or entries are named."
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
        help="begin no further round, after three, that would end later",
    )
    parser.add_argument(
        "--chip", metavar="NAME", help="take this chip's peak, where the device does not name its own"
    )
    parser.add_argument(
        "--quick", action="store_true", help="a look: the headline, two batches, three rounds"
    )
    parser.add_argument(
        "--tree", type=Path, metavar="DIR", help="measure this tree instead of the ported one"
    )
    parser.add_argument("--report", type=Path, metavar="DIR", help="where to publish (default: out/bench)")
    plain: Any = type(parser).__mro__[1]  # without the commands' late import
    verbs: Any = parser.add_subparsers(dest="verb", metavar="[compare A B]", parser_class=plain)
    line = "is the second benchmark slower than the first; 1 on a regression beyond the bound"
    against = verbs.add_parser("compare", help=line, description=line)
    against.add_argument("before", type=Path, metavar="A.json")
    against.add_argument("after", type=Path, metavar="B.json")
    against.add_argument(
        "--bound",
        type=_share,
        default=0.05,
        metavar="5%",
        help="how much slower is no regression (default: 5%%)",
    )
    against.add_argument("--despite", action="store_true", help="compare what is not comparable, too")
    against.add_argument(
        "--json", action="store_true", default=argparse.SUPPRESS, help="print one JSON object"
    )


def run_bench(args: argparse.Namespace) -> Outcome:
    """Measure, or compare."""
    if args.verb == "compare":
        return _compare(args)
    from npuport.bench.run import Request, run

    layout = layout_of(args)
    report = args.report.resolve() if args.report else layout.bench
    request = Request(
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


def _outcome(results: dict[str, Any], report: Path) -> Outcome:
    from npuport.bench.report import milliseconds, notices, rate
    from npuport.bench.tables import functions

    states = [run["state"] for run in results["runs"]]
    counts = {state: states.count(state) for state in ("measured", "refused", "ended")}
    told = ", ".join(f"{count} {state}" for state, count in counts.items() if count)
    lines = ["", f"{results['model']} {results['size']} on {results['device']['name']}"]
    lines.append(f"  {told} in {results['seconds']:.0f} s")
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
    from npuport.bench.compare import compare

    found = compare(_read(args.before), _read(args.after), args.bound, despite=args.despite)
    lines = [f"not the same: {line}" for line in found.unlike]
    for one in found.differences:
        low, high = one.interval
        lines.append(
            f"{one.verdict:<13} {one.ratio:6.3f}  [{low:.3f} … {high:.3f}]  p = {one.adjusted:<7.2g} "
            f"{one.entry}, {one.dtype}, batch {one.batch}{'  REGRESSION' if one.regression else ''}"
        )
    lines += [f"lost          {name}: the second has no figures of it" for name in found.lost]
    if found.missing:
        lines.append(f"{len(found.missing)} runs are in only one of the two")
    words = [one.verdict for one in found.differences]
    counts = ", ".join(f"{words.count(word)} {word}" for word in ("faster", "slower", "no difference"))
    lines.append(f"{counts}; {len(found.regressions)} slower by more than {found.bound:g} of the latency")
    return Outcome("\n".join(lines), found.json(), int(not found.good))


def _read(path: Path) -> dict[str, Any]:
    """A results.json, or the report's directory that holds it."""
    from npuport.bench.results import SCHEMA

    path = path / "results.json" if path.is_dir() else path
    hint = "name a results.json that npuport bench wrote"
    try:
        data: dict[str, Any] = json.loads(path.read_bytes())
        known = data["schema"] == SCHEMA and isinstance(data["runs"], list) and "rounds" in data
    except FileNotFoundError as error:
        raise PortError(f"{path} is missing", hint=hint) from error
    except (ValueError, KeyError, TypeError) as error:
        raise PortError(f"{path} is no benchmark's results", hint=hint) from error
    if not known:
        raise PortError(f"{path} is no benchmark's results of this version", hint=hint)
    return data


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(sorted({_count(word) for word in text.split(",")}))


def _words(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(word.strip() for word in text.split(",") if word.strip()))


def _limit(text: str) -> tuple[int, ...]:
    from npuport.bench.plan import LARGEST, doubling

    return doubling(LARGEST if text == MEMORY else _count(text))


def _count(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text} is not 1 or more")
    return number


def _positive(text: str) -> float:
    number = float(text)
    if not 0 < number < 1e9:
        raise argparse.ArgumentTypeError(f"{text} is not a positive number of seconds")
    return number


def _share(text: str) -> float:
    """`5%` or `0.05`."""
    number = float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
    if not 0 <= number < 10:
        raise argparse.ArgumentTypeError(f"{text} is not a share")
    return number
