"""`npuport lint`: hygiene of the series, one line a finding."""

import argparse
from dataclasses import asdict, replace
from pathlib import Path

from npuport import __version__
from npuport.base import sarif
from npuport.base.text import shown, visible
from npuport.commands import Outcome, layout_of
from npuport.lint import lint
from npuport.lint.rules import RULES


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("patches", nargs="*", metavar="PATCH", help="only these (default: the whole series)")
    parser.add_argument("--strict", action="store_true", help="exit 1 on notes too, not only on warnings")
    parser.add_argument(
        "--ignore",
        action="append",
        default=[],
        metavar="RULE",
        help="leave a rule out; in a patch's header: X-Lint-Ignore",
    )
    parser.add_argument("--sarif", type=Path, metavar="FILE", help="write the findings there as SARIF 2.1.0")


def run_lint(args: argparse.Namespace) -> Outcome:
    """Check the series."""
    layout = layout_of(args)
    names = [Path(name).name for name in args.patches]
    result = lint(layout, only=names, ignore=args.ignore)
    levels = [finding.level for finding in result.findings]
    counts = {level: levels.count(level) for level in ("error", "warning", "note")}
    good = not counts["error"] + counts["warning"] + (counts["note"] if args.strict else 0)
    lines = []
    for finding in result.findings:
        place = [shown(layout.root / finding.path), *(str(n) for n in (finding.line, finding.column) if n)]
        lines.append(f"{':'.join(place)}: {finding.level}: {finding.message} [{finding.rule}]")
    total = ", ".join(f"{n} {level}{'' if n == 1 else 's'}" for level, n in counts.items() if n) or "clean"
    checked = len(names) or result.patches
    lines.append(f"{checked} patch{'' if checked == 1 else 'es'}: {total}")
    if not result.applied:
        lines[-1] += "; not applied to the pin: upstream is not in the cache (npuport port fetches it)"
    if args.sarif:
        below = layout.root.relative_to(_sources(layout.root)).as_posix()
        findings = [replace(f, path=(Path(below) / f.path).as_posix()) for f in result.findings]
        sarif.write(args.sarif, "npuport lint", __version__, RULES, findings)
    data = {
        "good": good,
        "patches": checked,
        "applied": result.applied,
        "counts": counts,
        "findings": [asdict(finding) for finding in result.findings],
    }
    return Outcome("\n".join(map(visible, lines)), data, int(not good))


def _sources(root: Path) -> Path:
    """The repository that holds a port: paths on a code host are relative to it."""
    return next((path for path in (root, *root.parents) if (path / ".git").exists()), root)
