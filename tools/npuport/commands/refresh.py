"""`npuport refresh`: patches that apply exactly, and the lock with them."""

import argparse

from npuport.commands import Outcome, layout_of


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's own arguments."""
    parser.add_argument(
        "--check", action="store_true", help="change nothing; exit 1 if something would change"
    )
    parser.add_argument("--offline", action="store_true", help="never touch the network")


def run_refresh(args: argparse.Namespace) -> Outcome:
    """Refresh."""
    from npuport.refresh import refresh

    result = refresh(layout_of(args), check=args.check, offline=args.offline, progress=args.progress)
    lock = result.lock
    lines = [f"{name}: rewritten ({why})" for name, why in result.rewritten]
    verb = "would change" if args.check else "written"
    lines.append(
        f"upstream.lock: {verb if result.changed else 'up to date'}, ported = {lock.ported_commit[:12]}"
    )
    data = {
        "changed": result.changed,
        "rewritten": [name for name, _ in result.rewritten],
        "patches": [entry.name for entry in lock.patches],
        "digest": lock.series_digest,
        "commit": lock.ported_commit,
        "tree": lock.ported_tree,
        "upstream": lock.commit,
    }
    return Outcome("\n".join(lines), data, int(args.check and result.changed))
