"""`npuport rebase`: move the pin to a newer upstream commit and carry the series along."""

import argparse
import os
from pathlib import Path

from npuport.base.errors import UsageError
from npuport.base.schema import to_json
from npuport.base.text import shown, visible_lines
from npuport.commands import Outcome, layout_of
from npuport.port.layout import Layout
from npuport.rebase import session, text
from npuport.rebase.advance import Options, proceed, standing, start
from npuport.rebase.bisect import bisect_parity, bisect_patch
from npuport.rebase.job import JobResult

_USAGE = (
    "npuport rebase (--to REF | --latest | --continue | --skip | --abort | --status | --bisect PATCH) [...]"
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    target = parser.add_mutually_exclusive_group()
    target.add_argument("--to", metavar="REF", help="the new pin: a branch, a tag or a commit of upstream")
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
    """Start a rebase, go on with it, end it, or show its state."""
    _check(args)
    layout = layout_of(args)
    if Path.cwd().is_relative_to(session.directory(layout)):  # the rebase may remove it
        os.chdir(layout.root)
    if args.bisect is not None or args.bisect_parity is not None:
        return _bisect(args, layout)
    if args.abort:
        ended = session.abort(layout)
        end = "the rebase has ended; the port is as it was" if ended else "no rebase is in progress"
        return Outcome(end, {"good": True, "aborted": ended})
    options = Options(
        dry_run=args.dry_run,
        offline=args.offline,
        parity=() if args.no_parity else tuple(args.parity) if args.parity else None,
        accept_license=args.accept_license,
    )
    if args.status:
        result = standing(layout)
    elif args.skip or getattr(args, "continue"):
        result = proceed(layout, options, skip=args.skip, progress=args.progress)
    else:
        result = start(layout, args.to, options, args.progress)
    return outcome_of(args, result)


def _check(args: argparse.Namespace) -> None:
    """Refuse options that do not go together."""
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


def outcome_of(args: argparse.Namespace, result: JobResult) -> Outcome:
    """The state of a rebase, as text and as data."""
    return Outcome(_text(args, result), _data(args, result), int(bool(result.summary.decisions)))


def _bisect(args: argparse.Namespace, layout: Layout) -> Outcome:
    how = {"offline": args.offline, "progress": args.progress}
    if args.bisect is not None:
        bisection = bisect_patch(layout, args.bisect, args.to, **how)
    else:
        bisection = bisect_parity(layout, args.bisect_parity, tuple(args.parity or ()), args.to, **how)
    return Outcome(visible_lines(bisection.text), to_json(bisection), int(not bisection.good))


def _text(args: argparse.Namespace, result: JobResult) -> str:
    if not result.changed:
        return f"the pin is {result.summary.new.commit.id[:12]} already, nothing to do"
    end = text.following(result)
    if result.summary.published:
        end = f"published; {shown(layout_of(args).ported)} is the new port"
    return visible_lines("\n".join([text.headline(result), *text.findings(result), end]))


def _data(args: argparse.Namespace, result: JobResult) -> dict[str, object]:
    summary = to_json(result.summary)
    for key in ("schema", "state_dict", "simulated"):  # of report.json only
        del summary[key]
    report = layout_of(args).rebase / "report.md"
    written = (result.changed and result.session) or result.summary.published
    return {
        **summary,
        "changed": result.changed,
        "dry_run": getattr(args, "dry_run", False),
        "session": str(result.session) if result.session else None,
        "report": str(report) if written else None,
    }
