"""`npuport status`: what is there, what is stale, what differs from the lock."""

import argparse

from npuport.commands import Outcome, layout_of


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command has no arguments of its own."""


def run_status(args: argparse.Namespace) -> Outcome:
    """Look."""
    from npuport.port.status import status

    found = status(layout_of(args))
    text = "\n".join(
        f"{line.name:8}  {line.state:7}  {line.text}" + (f" — hint: {line.hint}" if line.hint else "")
        for line in found.lines
    )
    data = {
        "good": found.good,
        **{line.name: {"state": line.state, "text": line.text, "hint": line.hint} for line in found.lines},
    }
    return Outcome(text, data, 0 if found.good else 1)
