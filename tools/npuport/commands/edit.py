"""`npuport edit`: check out a patch in the ported tree, to edit it; `npuport refresh` takes the edit."""

import argparse

from npuport.base.text import shown
from npuport.commands import Outcome, layout_of
from npuport.edit.revise import begin_edit


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("patch", help="its file name or its number")


def run_edit(args: argparse.Namespace) -> Outcome:
    """Begin the edit of a patch."""
    layout = layout_of(args)
    name, tree = begin_edit(layout, args.patch, args.progress)
    text = f"{shown(layout.ported)} is at {name}; edit it there, commit or not, then npuport refresh"
    return Outcome(text, {"patch": name, "tree": str(tree)})
