"""`npuport try`: run the port's own picture through the ported model, and show the result."""

import argparse
import sys
from io import StringIO
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from npuport.base.text import shown
from npuport.commands import Outcome, layout_of
from npuport.device.choose import ALL
from npuport.release import trial
from npuport.release.trial import TrialRequest, TrialResults

#: The columns of a full bar.
BAR = 32


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--device",
        choices=("auto", *ALL),
        default="auto",
        help="where: an NPU, else a GPU, else the simulator with auto",
    )
    parser.add_argument("--model", metavar="NAME", help="one of release.toml's (default: its first)")
    parser.add_argument("--picture", type=Path, metavar="FILE", help="your own picture")
    parser.add_argument(
        "--caption", action="append", default=[], metavar="TEXT", help="may be given more than once"
    )
    parser.add_argument(
        "--weights",
        metavar="SPEC",
        help="trained weights: a directory, hf:ID, modelscope:ID or openmind:ID (default: random ones)",
    )
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="of the random weights (default: 0)")


def run_try(args: argparse.Namespace) -> Outcome:
    """Run the showcase and summarise its results."""
    layout = layout_of(args)
    request = TrialRequest(
        device=args.device,
        model=args.model,
        picture=args.picture and args.picture.resolve(),
        captions=tuple(args.caption),
        weights=args.weights,
        seed=args.seed,
    )
    results = trial.run(layout, request, args.progress)
    page = layout.trial / trial.PICTURE
    data = {**results, "good": True, "showcase": str(page), "results": str(layout.trial / trial.RESULTS)}
    return Outcome(summary(results, shown(page), colour=sys.stdout.isatty()), data)


def summary(results: TrialResults, page: str, *, colour: bool) -> str:
    """The results as text for a terminal, with `page` as the place of the picture."""
    output = StringIO()
    console = Console(file=output, force_terminal=colour, no_color=not colour, width=100)
    console.print(Text(f"{results['model']} on {results['device']['name']}", style="bold"))
    if "warning" in results:
        console.print(Text(results["warning"], style="bold yellow"))
    else:
        console.print(Text(f"weights: {results['weights']['name']}", style="dim"))
    value = results["psnr_db"]
    quality = "bitwise equal" if value is None else f"PSNR {value:.2f} dB"
    console.print(Text(f"\nreconstruction of {results['picture']}: {quality}\n"))
    grid = Table.grid(padding=(0, 2))
    ranked = sorted(results["captions"], key=lambda one: -one["probability"])
    for place, one in enumerate(ranked):
        full = round(BAR * one["probability"])
        bar = Text("█" * full, style="dim" if place else "green") + Text("░" * (BAR - full), style="dim")
        grid.add_row(Text(one["caption"]), bar, f"{one['probability']:6.1%}")
    if ranked:
        console.print(grid)
        console.print()
    times = " · ".join(f"{name} {value:.1f} ms" for name, value in results["milliseconds"].items())
    console.print(Text(times, style="dim"))
    if "meaningless" in results:
        console.print(Text(results["meaningless"], style="dim"))
    console.print(Text(f"\n{page}"))
    return "\n".join(row.rstrip() for row in output.getvalue().splitlines())
