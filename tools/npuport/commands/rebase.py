"""`npuport rebase`: move the pin to a newer upstream commit and carry the series along."""

import argparse
import os
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from npuport.base.errors import UsageError
from npuport.base.text import shown
from npuport.commands import Outcome, layout_of

if TYPE_CHECKING:
    from npuport.port.layout import Layout
    from npuport.rebase.job import Step


_USAGE = (
    "npuport rebase (--to REF | --latest | --continue | --skip | --abort | --status | --bisect PATCH) [...]"
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's own arguments."""
    target = parser.add_mutually_exclusive_group()
    target.add_argument("--to", metavar="REF", help="the new pin: a branch, a tag or a commit of upstream's")
    target.add_argument("--latest", action="store_true", help="the tip of the branch that the lock names")
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--continue", action="store_true", help="go on: the conflict is resolved")
    what.add_argument("--skip", action="store_true", help="go on without the patch that conflicts")
    what.add_argument("--abort", action="store_true", help="end the rebase; the port stays as it was")
    what.add_argument("--status", action="store_true", help="where the rebase stands")
    what.add_argument("--bisect", metavar="PATCH", help="the first commit where it stops applying")
    what.add_argument("--bisect-parity", metavar="CASE", help="the first commit where it turns red")
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
    if args.bisect is not None or args.bisect_parity is not None:
        return _bisect(args, layout)
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
    """Refuse what means nothing together."""
    target = args.to is not None or args.latest
    going_on = getattr(args, "continue") or args.skip
    bisecting = args.bisect is not None or args.bisect_parity is not None
    starting = target and not bisecting
    problem = ""
    if not (target or going_on or bisecting or args.abort or args.status):
        problem = "one of --to, --latest, --continue, --skip, --abort, --status, --bisect is required"
    elif target and (going_on or args.abort or args.status):
        problem = "--to and --latest begin a rebase, or a search"
    misplaced = {
        "--dry-run": args.dry_run and not starting,
        "--parity": args.parity and not (starting or going_on or args.bisect_parity is not None),
        "--no-parity": args.no_parity and not going_on,
        "--accept-license": args.accept_license and not (starting or going_on),
        "--offline": args.offline and not (starting or going_on or bisecting),
    }
    for option, wrong in misplaced.items():
        if wrong and not problem:
            problem = f"{option} does not go with that"
    if problem:
        raise UsageError(problem, f"usage: {_USAGE}")


def outcome_of(args: argparse.Namespace, step: "Step") -> Outcome:
    """Where a rebase stands, for a person and for a program."""
    return Outcome(_text(args, step), _data(args, step), int(bool(step.summary.decisions)))


def _bisect(args: argparse.Namespace, layout: "Layout") -> Outcome:
    from npuport.base.text import visible_lines
    from npuport.rebase.bisect import bisect_parity, bisect_patch

    how = {"offline": args.offline, "progress": args.progress}
    if args.bisect is not None:
        found = bisect_patch(layout, args.bisect, args.to, **how)
    else:
        found = bisect_parity(layout, args.bisect_parity, tuple(args.parity or ()), args.to, **how)
    return Outcome(visible_lines(found.text), found.as_json(), int(found.bad is not None))


def _text(args: argparse.Namespace, step: "Step") -> str:
    from npuport.base.text import visible_lines
    from npuport.rebase import text

    if not step.changed:
        return f"the pin is {step.summary.new.commit.id[:12]} already, nothing to do"
    end = text.following(step)
    if step.summary.published:
        end = f"published; {shown(layout_of(args).ported)} is the new port"
    return visible_lines("\n".join([text.headline(step), *text.findings(step), end]))


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
