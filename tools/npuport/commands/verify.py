"""`npuport verify`: derive the ported tree anew from nothing and compare."""

import argparse

from npuport.commands import Outcome, layout_of


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's own arguments."""
    parser.add_argument("--offline", action="store_true", help="never touch the network")


def run_verify(args: argparse.Namespace) -> Outcome:
    """Verify."""
    from npuport.port.verify import verify

    layout = layout_of(args)
    result = verify(layout, offline=args.offline, progress=args.progress)
    lines = [f"derived {result.commit}, tree {result.tree}: as upstream.lock says"]
    if result.differences:
        lines += [f"{layout.ported} differs: {line}" for line in result.differences]
        lines.append("hint: npuport port --force, which sets it aside and makes it anew")
    else:
        lines.append(
            f"{layout.ported}: " + ("the same, file by file" if result.published else "not made yet")
        )
    data = {
        "commit": result.commit,
        "tree": result.tree,
        "published": result.published or None,
        "differences": list(result.differences),
    }
    return Outcome("\n".join(lines), data, 1 if result.differences else 0)
