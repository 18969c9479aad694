"""`npuport edit`: put the ported tree at a patch, to be edited there; `npuport refresh` takes the edit up."""

import argparse

from npuport.base.text import shown
from npuport.commands import Outcome, layout_of


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's own arguments."""
    parser.add_argument("patch", help="its file name or its number")


def run_edit(args: argparse.Namespace) -> Outcome:
    """Begin to edit."""
    from npuport.edit.revise import begin_edit

    layout = layout_of(args)
    name, tree = begin_edit(layout, args.patch, args.progress)
    text = f"{shown(layout.ported)} is at {name}; edit it there, commit or not, then npuport refresh"
    return Outcome(text, {"patch": name, "tree": str(tree)})
