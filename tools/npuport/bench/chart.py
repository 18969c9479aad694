"""The chart of latency and throughput over batch size, as SVG and PNG. The same data give the same bytes."""

import io
from typing import Any

from npuport.bench.format import BenchResults, MeasuredRun

#: Paul Tol's "bright" scheme: colour-blind readers can distinguish it.
_COLOURS = ("#4477AA", "#EE6677", "#228833", "#CCBB44", "#66CCEE", "#AA3377")
_MARKERS = ("o", "s", "^", "D", "v", "P")
#: Factor between neighbouring lines on the axis of batch sizes, so that no interval hides another.
DODGE = 1.035
_INK, _FAINT = "#222222", "#8a8a8a"


def draw(results: BenchResults) -> dict[str, bytes]:
    """The files `latency.svg` and `latency.png`: the headline in the first dtype, one line an entry."""
    import matplotlib

    matplotlib.use("Agg")
    style: Any = {
        "svg.hashsalt": "npuport",
        "svg.fonttype": "path",
        "font.family": "DejaVu Sans",
        "font.size": 10,
        "axes.edgecolor": _FAINT,
        "axes.labelcolor": _INK,
        "xtick.color": _INK,
        "ytick.color": _INK,
        "text.color": _INK,
    }
    with matplotlib.rc_context(style):
        figure = _figure(results)
        files = {}
        for kind, metadata in (("svg", {"Date": None}), ("png", {"Software": None})):
            stream = io.BytesIO()
            figure.savefig(stream, format=kind, dpi=160, metadata=metadata)
            files[f"latency.{kind}"] = stream.getvalue()
    return files


def _figure(results: BenchResults) -> Any:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10.5, 5.0), facecolor="white")
    left, right = figure.subplots(1, 2)
    figure.subplots_adjust(
        left=0.075,
        right=0.98,
        top=0.775 if results["meaningless"] else 0.815,
        bottom=0.19,
        wspace=0.2,
    )
    lines = _lines(results)
    for place, (name, runs) in enumerate(lines.items()):
        look = {
            "color": _COLOURS[place % len(_COLOURS)],
            "marker": _MARKERS[place % len(_MARKERS)],
            "markersize": 5.5,
            "markeredgecolor": "white",
            "markeredgewidth": 0.7,
            "linewidth": 1.8,
            "capsize": 3,
            "elinewidth": 1.1,
            "label": name,
        }
        dodge = DODGE ** (place - (len(lines) - 1) / 2)
        batches = [run["batch"] * dodge for run in runs]
        latency = [run["latency_ms"]["median"] for run in runs]
        spread = [run["latency_ms"]["interval"] or [run["latency_ms"]["median"]] * 2 for run in runs]
        rate = [run["throughput"] for run in runs]
        left.errorbar(batches, latency, yerr=_bars(latency, spread), **look)
        rates = [
            [run["batch"] / high * 1e3, run["batch"] / low * 1e3]
            for run, (low, high) in zip(runs, spread, strict=True)
        ]
        right.errorbar(batches, rate, yerr=_bars(rate, rates), **look)
    ticks = sorted({run["batch"] for runs in lines.values() for run in runs})
    for axes, title, log in (
        (left, "Latency, ms (lower is better)", True),
        (right, "Throughput, items/s (higher is better)", False),
    ):
        _dress(axes, title, ticks, log=log)
    figure.text(0.02, 0.952, _title(results), fontsize=14, fontweight="bold", va="center")
    figure.text(0.02, 0.902, _subtitle(results), fontsize=9.5, color="#555555", va="center")
    if results["meaningless"]:
        figure.text(0.02, 0.857, results["meaningless"], fontsize=9.5, color="#AA3322", va="center")
    handles, labels = left.get_legend_handles_labels()
    figure.legend(
        handles, labels, loc="lower center", ncols=min(len(labels), 4) or 1, frameon=False, fontsize=9
    )
    return figure


def _lines(results: BenchResults) -> dict[str, list[MeasuredRun]]:
    first = results["plan"]["dtypes"][0]
    lines: dict[str, list[MeasuredRun]] = {}
    for name in results["headline"]:
        runs = [
            run
            for run in results["runs"]
            if run["entry"] == name and run["dtype"] == first and run["state"] == "measured"
        ]
        if runs:
            lines[name] = sorted(runs, key=lambda run: run["batch"])
    return lines


def _bars(values: list[float], spread: list[list[float]]) -> list[list[float]]:
    """The lengths of the bars below and above each value."""
    return [
        [max(0.0, value - low) for value, (low, _) in zip(values, spread, strict=True)],
        [max(0.0, high - value) for value, (_, high) in zip(values, spread, strict=True)],
    ]


def _dress(axes: Any, title: str, ticks: list[int], *, log: bool) -> None:
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter, NullLocator

    axes.set_title(title, loc="left", fontsize=10.5)
    axes.set_xscale("log", base=2)
    if ticks:
        axes.set_xticks(ticks)
        axes.set_xlim(ticks[0] / 1.25, ticks[-1] * 1.25)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xlabel("batch size")
    if log:
        axes.set_yscale("log")
        axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axes.yaxis.set_minor_formatter(NullFormatter())
        axes.yaxis.set_minor_locator(NullLocator())
    else:
        axes.set_ylim(bottom=0)
    axes.grid(axis="y", color="#e4e4e4", linewidth=0.8)
    axes.set_axisbelow(True)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)


def _title(results: BenchResults) -> str:
    return f"{results['model']} {results['size']} on {results['device']['name']}"


def _subtitle(results: BenchResults) -> str:
    versions = results["versions"]
    stack = ", ".join(f"{name} {versions[name]}" for name in ("torch", "torch_npu") if versions[name])
    rounds = results["rounds"]["count"]
    return f"{results['plan']['dtypes'][0]}, {stack}; medians with 95% intervals over {rounds} rounds"
