"""`npuport rebase`: move the pin to a newer upstream commit and carry the series along."""

import argparse
import os
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from npuport.commands import Outcome, layout_of, shown
from npuport.errors import UsageError

if TYPE_CHECKING:
    from npuport.rebase.job import Step


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's own arguments."""
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--to", metavar="REF", help="the new pin: a branch, a tag or a commit of upstream's")
    what.add_argument("--latest", action="store_true", help="the tip of the branch that the lock names")
    what.add_argument(
        "--continue", action="store_true", help="go on: the conflict is resolved in the work tree"
    )
    what.add_argument("--skip", action="store_true", help="go on without the patch that conflicts")
    what.add_argument("--abort", action="store_true", help="end the rebase; the port stays as it was")
    what.add_argument("--status", action="store_true", help="where the rebase stands")
    parser.add_argument("--dry-run", action="store_true", help="show everything, change nothing")
    parser.add_argument("--offline", action="store_true", help="take upstream as the cache has it")
    parser.add_argument(
        "--parity",
        action="append",
        metavar="SIZE",
        help="prove the new port by parity, beside the old one; may be given more than once",
    )
    parser.add_argument("--no-parity", action="store_true", help="publish without (further) proof")
    parser.add_argument(
        "--accept-license", action="store_true", help="the change of upstream's licence is read and accepted"
    )


def run_rebase(args: argparse.Namespace) -> Outcome:
    """Start, go on, end, or look."""
    from npuport.rebase import session
    from npuport.rebase.advance import Options, proceed, standing, start

    _check(args)
    layout = layout_of(args)
    if Path.cwd().is_relative_to(session.directory(layout)):  # which may go while we are in it
        os.chdir(layout.root)
    if args.abort:
        ended = session.abort(layout)
        text = "the rebase has ended; the port is as it was" if ended else "no rebase is under way"
        return Outcome(text, {"good": True, "aborted": ended})
    options = Options(
        dry_run=args.dry_run,
        offline=args.offline,
        parity=() if args.no_parity else tuple(args.parity) if args.parity else None,
        accept_license=args.accept_license,
    )
    if args.status:
        step = standing(layout)
    elif args.skip or getattr(args, "continue"):
        step = proceed(layout, options, skip=args.skip, progress=args.progress)
    else:
        step = start(layout, args.to, options, args.progress)
    return outcome_of(args, step)


def _check(args: argparse.Namespace) -> None:
    """Refuse options that mean nothing together."""
    starting = args.to is not None or args.latest
    going_on = getattr(args, "continue") or args.skip
    misplaced = {
        "--dry-run": args.dry_run and not starting,
        "--parity": args.parity and not (starting or going_on),
        "--no-parity": args.no_parity and not going_on,
        "--accept-license": args.accept_license and not (starting or going_on),
        "--offline": args.offline and not (starting or going_on),
    }
    for option, wrong in misplaced.items():
        if wrong:
            usage = "npuport rebase (--to REF | --latest | --continue | --skip | --abort | --status) [...]"
            raise UsageError(f"{option} does not go with that", f"usage: {usage}")


def outcome_of(args: argparse.Namespace, step: "Step") -> Outcome:
    """Where a rebase stands, for a person and for a program."""
    return Outcome(_text(args, step), _data(args, step), int(bool(step.summary.decisions)))


def _text(args: argparse.Namespace, step: "Step") -> str:
    from npuport.rebase import text

    if not step.changed:
        return f"the pin is {step.summary.new.commit.id[:12]} already, nothing to do"
    end = text.following(step)
    if step.summary.published:
        end = f"published; {shown(layout_of(args).ported)} is the new port"
    return "\n".join([text.headline(step), *text.findings(step), end])


def _data(args: argparse.Namespace, step: "Step") -> dict[str, Any]:
    summary = step.summary
    report = layout_of(args).rebase / "report.md"
    return {
        "good": not summary.decisions,
        "changed": step.changed,
        "published": summary.published,
        "dry_run": getattr(args, "dry_run", False),
        **{
            key: value
            for key, value in asdict(summary).items()
            if key not in ("published", "verdicts", "ahead")
        },
        "verdicts": [verdict.as_json() for verdict in summary.verdicts],
        "ahead": [verdict.as_json() for verdict in summary.ahead],
        "session": str(step.session) if step.session else None,
        "report": str(report) if (step.changed and step.session) or summary.published else None,
    }
