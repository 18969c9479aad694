"""`npuport audit`: what still assumes CUDA, by file and line."""

import argparse
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from npuport.base.errors import PortError
from npuport.base.text import shown
from npuport.commands import Outcome, layout_of

if TYPE_CHECKING:
    from npuport.audit.finding import Finding
    from npuport.audit.subject import Port, Subject


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's own arguments."""
    parser.epilog = (
        "Exit 0: every error that the model path may meet is covered by a patch; 1: one is not. "
        "Where no entry points are known, as of a tree that is not the port's, every error counts."
    )
    parser.add_argument(
        "--tree",
        action="append",
        type=Path,
        metavar="PATH",
        help="a directory or file to read (repeatable; default: upstream at the pin, against the series)",
    )
    parser.add_argument(
        "--since", metavar="REF", help="only what is new since that branch, tag or commit of upstream's"
    )
    parser.add_argument(
        "--fix", action="store_true", help="draft one patch of the mechanical changes, for review"
    )
    parser.add_argument(
        "-o", "--output", type=Path, metavar="FILE", help="where --fix writes it (default: below out/audit/)"
    )
    parser.add_argument("--sarif", type=Path, metavar="FILE", help="write the findings as SARIF 2.1.0, too")
    parser.add_argument("--offline", action="store_true", help="never touch the network")


def run_audit(args: argparse.Namespace) -> Outcome:
    """Audit."""
    from npuport.audit import report, subject

    if args.output and not args.fix:
        raise PortError("--output says where --fix writes its patch", hint="add --fix")
    port = _port(args)
    if args.tree:
        subjects = [subject.directory(path, port) for path in args.tree]
    else:
        assert port is not None
        subjects = [subject.pinned_upstream(port, offline=args.offline, progress=args.progress)]
    since = ""
    if args.since:
        if port is None:
            raise PortError(
                "--since compares with a port's upstream, and here is no port", hint="name it with --port DIR"
            )
        compared = [
            subject.since(one, port, args.since, offline=args.offline, progress=args.progress)
            for one in subjects
        ]
        subjects, since = [one for one, _ in compared], compared[0][1]
    findings = [finding for one in subjects for finding in _named(one, many=len(subjects) > 1)]
    patches = _draft(args, subjects, port) if args.fix else []
    if args.sarif:
        from npuport.base import sarif

        rules, found = report.sarif_rules(), report.sarif_findings(findings)
        args.sarif.parent.mkdir(parents=True, exist_ok=True)
        sarif.write(args.sarif, "npuport audit", rules, found)
    data = {
        "good": not any(finding.blocks for finding in findings),
        "trees": [
            {"path": one.name or None, "commit": one.commit or None, "files": len(one.files)}
            for one in subjects
        ],
        "since": since or None,
        **report.as_json(findings),
        "patches": [
            {"path": str(path), "findings": len(made.findings), "files": sorted(made.files)}
            for path, made in patches
        ],
        "sarif": str(args.sarif) if args.sarif else None,
    }
    none = "nothing new assumes CUDA" if since else "nothing assumes CUDA"
    text = "\n".join(
        [*_headed(subjects, args.since, since), report.text(findings, none), *_told(args, patches)]
    )
    return Outcome(text, data, 0 if data["good"] else 1)


def _port(args: argparse.Namespace) -> "Port | None":
    """The port; with a tree of one's own there need be none."""
    from npuport.audit.subject import read_port

    try:
        layout = layout_of(args)
    except PortError:
        if args.tree:
            return None
        raise
    return read_port(layout)


def _named(one: "Subject", *, many: bool) -> "list[Finding]":
    """A subject's findings; with several trees each path starts with its tree's."""
    if not many or one.root is None:
        return list(one.findings)
    prefix = one.root.as_posix().removesuffix("/")
    return [replace(finding, path=f"{prefix}/{finding.path}") for finding in one.findings]


def _draft(
    args: argparse.Namespace, subjects: "list[Subject]", port: "Port | None"
) -> list[tuple[Path, Any]]:
    from npuport.audit.subject import drafted
    from npuport.base.files import write_atomically

    made = [patch for one in subjects if (patch := drafted(one, port))]
    if args.output and len(made) > 1:
        raise PortError("--output names one file, and there are several trees", hint="leave --output out")
    out = (port.layout.out if port else Path("out")) / "audit"
    written = []
    for number, patch in enumerate(made):
        name = patch.name if number == 0 else f"{number + 1}-{patch.name}"
        path = args.output or out / name
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, patch.data)
        written.append((path, patch))
    return written


def _headed(subjects: "list[Subject]", ref: str | None, commit: str) -> list[str]:
    """What was read, and what it was compared with."""
    lines = [f"{one.name or f'upstream at {one.commit[:12]}'}: {len(one.files)} files" for one in subjects]
    return [*lines, *([f"new since {ref} ({commit[:12]})"] if ref else []), ""]


def _told(args: argparse.Namespace, patches: list[tuple[Path, Any]]) -> list[str]:
    lines = [
        f"{shown(path)}: takes away {len(made.findings)} of them; review it, then move it to patches/"
        for path, made in patches
    ]
    if args.fix and not patches:
        lines.append("nothing here has a mechanical change")
    return lines + ([f"{shown(args.sarif)}: the same as SARIF"] if args.sarif else [])
