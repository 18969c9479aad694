"""`npuport new`: a new patch, from edits in the ported tree that are made already, or will be."""

import argparse

from npuport.base.errors import PortError
from npuport.base.text import shown
from npuport.commands import Outcome, layout_of
from npuport.commands.refresh import outcome_of
from npuport.edit.intent import Intent, write_intent
from npuport.edit.refresh import refresh
from npuport.port import trees
from npuport.port.build import port


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("title", help="what it does, in one line: the patch's subject")


def run_new(args: argparse.Namespace) -> Outcome:
    """Make a patch of the edits in the ported tree; without any, keep the title for those to come."""
    layout = layout_of(args)
    title = " ".join(args.title.split())
    if not title:
        raise PortError("a patch needs a title", hint='npuport new "Seed the accelerator that is present"')
    tree = trees.linked(layout.ported)
    if tree and not tree.untouched:
        return outcome_of(refresh(layout, title=title, progress=args.progress), check=False)
    path = port(layout, progress=args.progress).path.resolve()
    write_intent(path, Intent(title=title))
    text = f"edit {shown(layout.ported)}, then npuport refresh makes the edit a patch: {title}"
    return Outcome(text, {"title": title, "tree": str(path)})
