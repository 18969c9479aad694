"""`npuport watch`: is there a newer upstream, and would the series apply to it?"""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from npuport.commands import Outcome, layout_of

if TYPE_CHECKING:
    from npuport.rebase.watch import News


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's own arguments."""
    parser.epilog = (
        "exit code: 0 up to date; 10 newer, and the series applies; 11 newer, and it needs a person"
    )
    parser.add_argument("--tags", action="store_true", help="look at tags only: the port follows releases")
    parser.add_argument("--offline", action="store_true", help="take upstream as the cache has it")
    parser.add_argument(
        "--report",
        type=Path,
        metavar="DIR",
        help="write what a rebase would come to: report.md, .json, .html",
    )


def run_watch(args: argparse.Namespace) -> Outcome:
    """Look."""
    from npuport.base.text import visible
    from npuport.rebase import report
    from npuport.rebase.watch import watch

    found = watch(layout_of(args), tags=args.tags, offline=args.offline, progress=args.progress)
    if args.report and found.target:
        report.write(args.report, found.target.summary)
    lines = [f"pin  {found.pin.commit}"]
    for name, news in ((found.branch, found.tip), ("tag", found.tag)):
        lines += _told(name, news) if news else []
    lines.append(f"next: {found.target.command}" if found.target else "up to date")
    data: dict[str, Any] = {
        "state": {0: "up to date", 10: "clean", 11: "needs a person"}[found.code],
        "pin": {"commit": found.pin.commit.id, "date": found.pin.commit.date},
        "branch": found.branch,
        "tip": found.tip and found.tip.as_json(),
        "tag": found.tag and found.tag.as_json(),
        "target": found.target and found.target.as_json(),
    }
    return Outcome("\n".join(map(visible, lines)), data, found.code)


def _told(name: str, news: "News") -> list[str]:
    summary = news.summary
    kinds = [verdict.kind for verdict in (*summary.verdicts, *summary.ahead)]
    counts = ", ".join(f"{kinds.count(kind)} {kind}" for kind in dict.fromkeys(kinds)) or "no patches"
    count = len(summary.log)
    lines = [
        f"{name}  {summary.new.commit}",
        f"  {count} commit{'' if count == 1 else 's'} since the pin; the series: {counts}",
    ]
    if summary.history:
        lines.append(f"  {summary.history}")
    return lines + [f"  to decide: {line}" for line in summary.decisions]
