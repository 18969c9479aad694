"""The page report.md, made from the data of results.json alone."""

from collections.abc import Sequence
from pathlib import Path

from npuport.base import pages
from npuport.bench import tables
from npuport.bench.format import BenchResults, MeasuredRun

#: The report warns where other processes used more than this share of the CPU time.
BUSY = 0.1
#: The report warns where a round was slower or faster than the rest by more than this.
PACE = 0.1


def render(results: BenchResults) -> str:
    """The page of some results."""
    environment = pages.environment(Path(__file__).parent, keep_trailing_newline=False)
    environment.filters |= {
        "ms": milliseconds,
        "rate": rate,
        "interval": _interval,
        "mb": _megabytes,
        "whole": lambda value: f"{value:,.0f}",
        "percent": _percent,
        "cell": _cell,
    }
    runs = results["runs"]
    return environment.get_template("report.md.j2").render(
        results,
        functions=tables.functions(results),
        batches=tables.batches(results),
        table=tables.memory(results),
        groups=[
            {"dtype": dtype, "runs": [run for run in runs if run["dtype"] == dtype]}
            for dtype in results["plan"]["dtypes"]
        ],
        cut=sum(bool(run["cut"]) for run in runs),
        notices=notices(results),
        why=next((run["share_reason"] for run in runs if run["share_reason"]), "no run was measured"),
    )


def notices(results: BenchResults) -> list[str]:
    """What a reader should know before trusting the figures."""
    measured = [run for run in results["runs"] if run["state"] == "measured"]
    lines = []
    throttled = [run for run in measured if run["throttled"]]
    if throttled:
        lines.append(f"Slowed down while they were measured (throttling?): {_names(throttled)}.")
    else:
        lines.append("No run slowed down while it was measured.")
    outliers, count = sum(run["outliers"] for run in measured), sum(run["iterations"] for run in measured)
    lines.append(f"{outliers} of {count} iterations are outliers; they are part of every figure.")
    unsteady = [run for run in measured if not run["warmup"]["steady"]]
    if unsteady:
        lines.append(f"{len(unsteady)} of {len(measured)} runs were not steady at the end of their warm-up.")
    busy = [share for share in results["machine"]["busy"] if share is not None]
    if busy and max(busy) > BUSY:
        lines.append(
            f"Other processes used up to {max(busy):.0%} of the CPU time: expect wide intervals, "
            "and measure again on an idle machine."
        )
    odd = [
        f"round {number} ran at {value:.2f} times the usual latency"
        for number, value in enumerate(results["rounds"]["pace"], start=1)
        if abs(value - 1) > PACE
    ]
    if odd:
        lines.append(f"The rounds differ as a whole: {'; '.join(odd)}.")
    fallbacks = sorted({name for run in measured for name in run["fallbacks"]})
    if fallbacks:
        lines.append(f"Ran on the CPU instead of the device: {', '.join(fallbacks)}.")
    for state, word in (("refused", "refused"), ("ended", "not reached")):
        count = sum(run["state"] == state for run in results["runs"])
        if count:
            lines.append(f"{count} runs were {word}; each row above gives the reason.")
    return lines


def milliseconds(value: float) -> str:
    """A time in four digits."""
    return f"{value:.4g}" if value < 1000 else f"{value:,.0f}"


def rate(value: float) -> str:
    """A throughput in items/s."""
    return f"{value:.2f}" if value < 10 else f"{value:,.1f}"


def _interval(value: list[float] | None) -> str:
    return "–" if value is None else f"{milliseconds(value[0])} … {milliseconds(value[1])}"


def _megabytes(value: float | None) -> str:
    return "–" if value is None else f"{value:,.1f} MB"


def _percent(value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value:.1%}" if value >= 0.01 else f"{100 * value:.2g}%"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def _names(runs: Sequence[MeasuredRun]) -> str:
    return ", ".join(f"{run['entry']} ({run['dtype']}, batch {run['batch']})" for run in runs)
