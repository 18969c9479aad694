"""`npuport audit`: what still assumes CUDA, by file and line."""

import argparse
from dataclasses import replace
from pathlib import Path

from npuport import __version__
from npuport.audit import audited_tree, report
from npuport.audit.audited_tree import AuditedPort, AuditedTree
from npuport.audit.draft import Draft
from npuport.audit.finding import Finding
from npuport.base import sarif
from npuport.base.errors import PortError
from npuport.base.files import write_atomically
from npuport.base.text import shown
from npuport.commands import Outcome, layout_of


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.epilog = (
        "Exit 0: a patch covers every error that the model path may include; 1: none covers one of them. "
        "If no entry points are known, as for a tree that is not the port's, every error counts."
    )
    parser.add_argument(
        "--tree",
        action="append",
        type=Path,
        metavar="PATH",
        help="a directory or file to read (repeatable; default: upstream at the pin, with the series)",
    )
    parser.add_argument(
        "--since",
        metavar="REF",
        help="only findings that are new since this branch, tag or commit of upstream",
    )
    parser.add_argument(
        "--fix", action="store_true", help="draft one patch of the mechanical changes, for review"
    )
    parser.add_argument(
        "-o", "--output", type=Path, metavar="FILE", help="the file for --fix (default: below out/audit/)"
    )
    parser.add_argument("--sarif", type=Path, metavar="FILE", help="also write the findings as SARIF 2.1.0")
    parser.add_argument("--offline", action="store_true", help="do not use the network")


def run_audit(args: argparse.Namespace) -> Outcome:
    if args.output and not args.fix:
        raise PortError("--output: only --fix writes a patch", hint="add --fix")
    port = _port(args)
    if args.tree:
        trees = [audited_tree.directory(path, port) for path in args.tree]
    else:
        assert port is not None
        trees = [audited_tree.pinned_upstream(port, offline=args.offline, progress=args.progress)]
    since = ""
    if args.since:
        if port is None:
            raise PortError("--since: no port here, so no upstream to compare with", hint="add --port DIR")
        options = {"offline": args.offline, "progress": args.progress}
        compared = [audited_tree.since(tree, port, args.since, **options) for tree in trees]
        trees, since = [tree for tree, _ in compared], compared[0][1]
    findings = [finding for tree in trees for finding in _named(tree, many=len(trees) > 1)]
    patches = _draft(args, trees, port) if args.fix else []
    if args.sarif:
        args.sarif.parent.mkdir(parents=True, exist_ok=True)
        sarif.write(
            args.sarif, "npuport audit", __version__, report.sarif_rules(), report.sarif_findings(findings)
        )
    good = not any(finding.blocks for finding in findings)
    data = {
        "good": good,
        "trees": [
            {"path": tree.name or None, "commit": tree.commit or None, "files": len(tree.files)}
            for tree in trees
        ],
        "since": since or None,
        **report.as_json(findings),
        "patches": [
            {"path": str(path), "findings": len(patch.findings), "files": sorted(patch.files)}
            for path, patch in patches
        ],
        "sarif": str(args.sarif) if args.sarif else None,
    }
    head = [f"{tree.name or f'upstream at {tree.commit[:12]}'}: {len(tree.files)} files" for tree in trees]
    head += [f"new since {args.since} ({since[:12]})"] if since else []
    none = "nothing new assumes CUDA" if since else "nothing assumes CUDA"
    text = [*head, "", report.text(findings, none), *_written(args, patches)]
    return Outcome("\n".join(text), data, 0 if good else 1)


def _port(args: argparse.Namespace) -> AuditedPort | None:
    """The port; None if there is none and the user named a tree."""
    try:
        layout = layout_of(args)
    except PortError:
        if args.tree:
            return None
        raise
    return audited_tree.read_port(layout)


def _named(tree: AuditedTree, *, many: bool) -> list[Finding]:
    """A tree's findings; if there are several trees, with the tree's path before each path."""
    if not many or tree.root is None:
        return list(tree.findings)
    prefix = tree.root.as_posix().removesuffix("/")
    return [replace(finding, path=f"{prefix}/{finding.path}") for finding in tree.findings]


def _draft(
    args: argparse.Namespace, trees: list[AuditedTree], port: AuditedPort | None
) -> list[tuple[Path, Draft]]:
    """Write the draft for each tree that has one."""
    drafts = [patch for tree in trees if (patch := audited_tree.drafted(tree, port))]
    if args.output and len(drafts) > 1:
        raise PortError("--output: one file for the patches of several trees", hint="leave --output out")
    out = (port.layout.out if port else Path("out")) / "audit"
    written = []
    for number, patch in enumerate(drafts):
        path = args.output or out / (f"{number + 1}-{patch.name}" if number else patch.name)
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, patch.data)
        written.append((path, patch))
    return written


def _written(args: argparse.Namespace, patches: list[tuple[Path, Draft]]) -> list[str]:
    lines = [
        f"{shown(path)}: removes {len(patch.findings)} of them; review it, then move it to patches/"
        for path, patch in patches
    ]
    if args.fix and not patches:
        lines.append("no finding has a mechanical change")
    return lines + ([f"{shown(args.sarif)}: the same as SARIF"] if args.sarif else [])
