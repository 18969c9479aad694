"""`npuport verify`: derive the ported tree anew from nothing and compare."""

import argparse

from npuport.commands import Outcome, layout_of
from npuport.port.verify import verify


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--offline", action="store_true", help="do not use the network")


def run_verify(args: argparse.Namespace) -> Outcome:
    """Verify; code 1 where `out/ported` differs."""
    layout = layout_of(args)
    result = verify(layout, offline=args.offline, progress=args.progress)
    lines = [f"derived {result.commit}, tree {result.tree}: the same as in upstream.lock"]
    if result.differences:
        lines += [f"{layout.ported} differs: {line}" for line in result.differences]
        lines.append("hint: npuport port --force moves it aside and makes it anew")
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
