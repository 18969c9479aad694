"""`npuport watch`: whether upstream is newer than the pin, and whether the series would apply."""

import argparse
from pathlib import Path

from npuport.base.text import visible
from npuport.commands import Outcome, layout_of
from npuport.rebase import report
from npuport.rebase.verdict import counts
from npuport.rebase.watch import CLEAN, CURRENT, PERSON, News, watch

_STATES = {CURRENT: "up to date", CLEAN: "clean", PERSON: "needs a person"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.epilog = (
        "exit code: 0 up to date; 10 newer, and the series applies; 11 newer, and a decision is needed"
    )
    parser.add_argument("--tags", action="store_true", help="look at tags only: the port follows releases")
    parser.add_argument("--offline", action="store_true", help="take upstream as the cache has it")
    parser.add_argument(
        "--report",
        type=Path,
        metavar="DIR",
        help="write the report of the rebase there: report.md, .json, .html",
    )


def run_watch(args: argparse.Namespace) -> Outcome:
    """Look at upstream once."""
    result = watch(layout_of(args), tags=args.tags, offline=args.offline, progress=args.progress)
    target = result.target
    if args.report and target:
        report.write(args.report, target.summary)
    lines = [f"pin  {result.pin.commit}"]
    for name, news in ((result.branch, result.tip), ("tag", result.tag)):
        lines += _lines(name, news) if news else []
    lines.append(f"next: {target.command}" if target else "up to date")
    data = {
        "state": _STATES[result.code],
        "pin": {"commit": result.pin.commit.id, "date": result.pin.commit.date},
        "branch": result.branch,
        "tip": result.tip and result.tip.as_json(),
        "tag": result.tag and result.tag.as_json(),
        "target": target and target.as_json(),
    }
    return Outcome("\n".join(map(visible, lines)), data, result.code)


def _lines(name: str, news: News) -> list[str]:
    summary = news.summary
    kinds = counts([verdict.kind for verdict in (*summary.verdicts, *summary.ahead)])
    count = len(summary.log)
    lines = [
        f"{name}  {summary.new.commit}",
        f"  {count} commit{'' if count == 1 else 's'} since the pin; the series: {kinds}",
    ]
    if summary.history:
        lines.append(f"  {summary.history}")
    return lines + [f"  to decide: {line}" for line in summary.decisions]
