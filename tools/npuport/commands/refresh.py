"""`npuport refresh`: make patches, lock and ported tree agree."""

import argparse

from npuport.base.text import shown
from npuport.commands import Outcome, layout_of
from npuport.edit.intent import read_intent
from npuport.edit.refresh import RefreshResult, refresh
from npuport.port import trees


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--check", action="store_true", help="change nothing; exit 1 if something would change"
    )
    parser.add_argument("--offline", action="store_true", help="never touch the network")


def run_refresh(args: argparse.Namespace) -> Outcome:
    """Refresh; or end the edit that `npuport edit` has begun."""
    layout = layout_of(args)
    tree = trees.linked(layout.ported)
    intent = read_intent(tree.path) if tree and not tree.untouched else None
    if intent and intent.patch:
        return _end_edit(args, intent.patch)
    return outcome_of(
        refresh(layout, check=args.check, offline=args.offline, progress=args.progress), check=args.check
    )


def outcome_of(result: RefreshResult, *, check: bool) -> Outcome:
    """The result of a refresh, as text and as data."""
    lock = result.lock
    lines = [f"{name}: rewritten ({why})" for name, why in result.rewritten]
    lines += [f"{name}: new; fill in its reason, then npuport refresh" for name in result.fresh]
    lines += [f"{name}: dropped, its commit is gone" for name in result.dropped]
    verb = "would change" if check else "written"
    lines.append(
        f"upstream.lock: {verb if result.changed else 'up to date'}, ported = {lock.ported_commit[:12]}"
    )
    data = {
        "changed": result.changed,
        "rewritten": [name for name, _ in result.rewritten],
        "new": list(result.fresh),
        "dropped": list(result.dropped),
        "patches": [entry.name for entry in lock.patches],
        "digest": lock.series_digest,
        "commit": lock.ported_commit,
        "tree": lock.ported_tree,
        "upstream": lock.commit,
    }
    return Outcome("\n".join(lines), data, int(check and result.changed))


def _end_edit(args: argparse.Namespace, patch: str) -> Outcome:
    from npuport.commands.rebase import outcome_of  # late: a refresh that finds nothing must be fast
    from npuport.edit.revise import end_edit

    result, aside = end_edit(layout_of(args), patch, check=args.check, progress=args.progress)
    outcome = outcome_of(args, result)
    text = outcome.text + (f"\nthe edited tree is kept: {shown(aside)}" if aside else "")
    changed = any(verdict.kind != "clean" for verdict in result.summary.verdicts)
    code = outcome.code or int(args.check and changed)
    return Outcome(text, dict(outcome.data) | {"changed": changed}, code)
