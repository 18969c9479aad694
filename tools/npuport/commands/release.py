"""`npuport release`: make the bundle to publish, or check one."""

import argparse
from pathlib import Path

from npuport.base.errors import PortError, UsageError
from npuport.base.text import shown
from npuport.commands import Outcome, layout_of
from npuport.port.layout import Layout
from npuport.release.bundle import Bundle, release
from npuport.release.check import check
from npuport.release.model import read_release
from npuport.release.run import run_missing


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--model", metavar="NAME", help="one of release.toml's (default: its first)")
    parser.add_argument(
        "--out", type=Path, metavar="DIR", help="where the bundle's directory goes (default: dist)"
    )
    parser.add_argument(
        "--run", action="store_true", help="first run what is missing: the parity suite, the benchmark"
    )
    parser.add_argument(
        "--device",
        choices=("auto", "npu", "sim"),
        default="auto",
        help="with --run, where: a real NPU, the simulator, or (auto) the NPU where one answers",
    )
    parser.add_argument(
        "--check", type=Path, metavar="DIR", help="check a bundle instead, without running any of it"
    )
    parser.add_argument("--offline", action="store_true", help="with --check: do not use the network")


def run_release(args: argparse.Namespace) -> Outcome:
    """Make a bundle, or check one."""
    if args.check:
        return _check(args)
    if args.offline:
        raise UsageError("--offline goes with --check", "usage: npuport release --check DIR [--offline]")
    return _release(args)


def _release(args: argparse.Namespace) -> Outcome:
    layout = layout_of(args)
    made = release(layout, args.model, args.out, args.progress)
    if args.run and not isinstance(made, Bundle):
        model = read_release(layout).model(args.model)
        run_missing(layout, model, made, args.device, args.progress)
        made = release(layout, args.model, args.out, args.progress)
    if not isinstance(made, Bundle):
        option = f" --model {args.model}" if args.model else ""
        lines = ["cannot release:", *(f"  {lack.what}" for lack in made)]
        hints = list(dict.fromkeys(lack.hint for lack in made))
        lines += ["hint:", *(f"  {hint}" for hint in hints), "or:", f"  npuport release{option} --run"]
        data = {"good": False, "missing": [{"what": lack.what, "hint": lack.hint} for lack in made]}
        return Outcome("\n".join(lines), data, 1)
    lines = [f"{shown(made.path)}: {made.files} files, {made.size / 1e6:.1f} MB"]
    if made.simulated:
        lines.append("its results are simulated; its name and its pages state that")
    data = {
        "good": True,
        "path": str(made.path),
        "title": made.title,
        "simulated": made.simulated,
        "files": made.files,
        "bytes": made.size,
    }
    return Outcome("\n".join(lines), data)


def _check(args: argparse.Namespace) -> Outcome:
    checked = check(args.check.resolve(), _port(args), offline=args.offline, progress=args.progress)
    verdict = "verified" if checked.good else "NOT verified"
    lines = [f"{checked.title}: {verdict}"]
    lines += [f"  {finding.level}: {finding.what}" for finding in checked.findings]
    lines.append(f"  {checked.source} source files compared with commit {checked.commit[:12]}, derived again")
    data: dict[str, object] = {
        "good": checked.good,
        "title": checked.title,
        "commit": checked.commit,
        "source": checked.source,
        "findings": [{"level": finding.level, "what": finding.what} for finding in checked.findings],
    }
    return Outcome("\n".join(lines), data, int(not checked.good))


def _port(args: argparse.Namespace) -> Layout | None:
    """The port of the current directory, if it is in one: a bundle can be checked anywhere."""
    try:
        return layout_of(args)
    except PortError:
        return None
