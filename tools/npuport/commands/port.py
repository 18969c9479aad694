"""`npuport port`: upstream.lock + patches -> the ported tree."""

import argparse

from npuport.base.text import shown
from npuport.commands import Outcome, layout_of
from npuport.port.build import port


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--offline", action="store_true", help="do not use the network")
    parser.add_argument(
        "--force", action="store_true", help="move a ported tree with local edits aside instead of refusing"
    )


def run_port(args: argparse.Namespace) -> Outcome:
    """Port; the data name the ported tree."""
    result = port(layout_of(args), offline=args.offline, force=args.force, progress=args.progress)
    count = len(result.patches)
    what = f"{result.upstream[:12]} + {count} patch{'' if count == 1 else 'es'}"
    done = "" if result.changed else ", nothing to do"
    text = f"{shown(result.path)}: {what} = {result.commit[:12]}{done}"
    if result.aside:
        text += f"\nthe edited tree is now {result.aside}"
    data = {
        "path": str(result.path),
        "commit": result.commit,
        "tree": result.tree,
        "upstream": result.upstream,
        "patches": list(result.patches),
        "changed": result.changed,
        "aside": str(result.aside) if result.aside else None,
    }
    return Outcome(text, data)
