"""`npuport new`: a patch from what is edited in the ported tree, or from what will be."""

import argparse

from npuport.commands import Outcome, layout_of, shown
from npuport.commands.refresh import outcome_of
from npuport.errors import PortError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's own arguments."""
    parser.add_argument("title", help="what it does, in one line: the patch's subject")


def run_new(args: argparse.Namespace) -> Outcome:
    """Make the patch, if there is something to make it of; else remember its title."""
    from npuport import trees
    from npuport.intent import Intent, write_intent
    from npuport.port import port
    from npuport.refresh import refresh

    layout = layout_of(args)
    title = " ".join(args.title.split())
    if not title:
        raise PortError("a patch needs a title", mend='npuport new "Seed the accelerator that is present"')
    tree = trees.linked(layout.ported)
    if tree and not tree.untouched:
        return outcome_of(refresh(layout, title=title, progress=args.progress), check=False)
    path = port(layout, progress=args.progress).path.resolve()
    write_intent(path, Intent(title=title))
    text = f"edit {shown(layout.ported)}, then npuport refresh makes the edit a patch: {title}"
    return Outcome(text, {"title": title, "tree": str(path)})
