"""`npuport status`: which parts of the port are missing, stale or different from the lock."""

import argparse

from npuport.commands import Outcome, layout_of
from npuport.port.status import status


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add no arguments."""


def run_status(args: argparse.Namespace) -> Outcome:
    """Print the state of the port and of the device; code 1 where something is not good."""
    report = status(layout_of(args))
    text = "\n".join(
        f"{line.name:8}  {line.state:7}  {line.text}" + (f" — hint: {line.hint}" if line.hint else "")
        for line in report.lines
    )
    data = {
        "good": report.good,
        **{line.name: {"state": line.state, "text": line.text, "hint": line.hint} for line in report.lines},
    }
    return Outcome(text, data, 0 if report.good else 1)
