"""`npuport drop`: leave a patch out of the series."""

import argparse

from npuport.commands import Outcome, layout_of
from npuport.commands.rebase import outcome_of
from npuport.edit.revise import drop


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("patch", help="its file name or its number")


def run_drop(args: argparse.Namespace) -> Outcome:
    return outcome_of(args, drop(layout_of(args), args.patch, args.progress))
