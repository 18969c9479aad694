"""The report of a rebase: report.json (docs/rebase.schema.json), and report.md and report.html made from it.

report.md is written for the body of a pull request: the decisions come first, and it stays below the limit of
code hosts. report.html is one file without a script.
"""

import json
from collections.abc import Sequence
from dataclasses import fields
from difflib import unified_diff
from pathlib import Path

from npuport.base import pages
from npuport.base.files import write_atomically
from npuport.base.schema import to_json
from npuport.base.text import block, code, visible
from npuport.port.lockrules import NO_LICENSE
from npuport.rebase.summary import LicenseChange, Summary
from npuport.rebase.verdict import Clash, counts

_TEMPLATES = Path(__file__).parent
#: The longest body that a code host accepts, less a margin.
LONGEST = 60_000
# The most lines that are compared line by line: the time grows with their square.
_MATCHED = 400
# The most items of a list and the most lines of a block; the first pair with which the page is short enough.
_LIMITS = ((100, 60), (40, 30), (15, 12), (5, 5))


def write(directory: Path, summary: Summary) -> None:
    """Write report.json, report.md and report.html."""
    text = json.dumps(to_json(summary), indent=1, ensure_ascii=False) + "\n"
    write_atomically(directory / "report.json", text.encode(errors="backslashreplace"))
    write_atomically(directory / "report.md", markdown(summary).encode())
    write_atomically(directory / "report.html", html(summary).encode())


def markdown(summary: Summary) -> str:
    """The report as Markdown; long lists and blocks are cut where it would be too long."""
    text = ""
    for items, lines in _LIMITS:
        environment = pages.environment(_TEMPLATES)
        environment.filters |= {"code": code, "block": block, "cut": _cut}
        text = environment.get_template("report.md.j2").render(_page(summary), most=items, most_lines=lines)
        if len(text) <= LONGEST:
            return text
    return text[: text.rindex("\n", 0, LONGEST)] + "\n\nThe rest is in report.html.\n"


def html(summary: Summary) -> str:
    """The whole report as one page of HTML."""
    environment = pages.environment(_TEMPLATES, html=True)
    environment.filters |= {"visible": visible}
    return environment.get_template("report.html.j2").render(_page(summary))


def _page(summary: Summary) -> dict[str, object]:
    """The names that both templates use."""
    verdicts, before, after = summary.verdicts, summary.before, summary.after
    kinds = counts([verdict.kind for verdict in verdicts] + ["not reached yet"] * len(summary.waiting))
    red = set(before.red) if before else set()
    change = summary.license
    return {
        **{field.name: getattr(summary, field.name) for field in fields(summary)},
        "title": _title(summary),
        "counts": kinds,
        "changed": [verdict for verdict in verdicts if verdict.kind != "clean"],
        "clean": [verdict.patch for verdict in verdicts if verdict.kind == "clean"],
        "details": {verdict.patch: verdict.detail for verdict in (*verdicts, *summary.ahead)},
        "clashes": [(verdict, clash) for verdict in verdicts for clash in verdict.clashes],
        "license_state": _license(change),
        "license_diff": change.diff.rstrip("\n").split("\n") if change.diff else [],
        "turned_red": [name for name in after.red if name not in red] if before and after else [],
        "proof": after or before,
        "commit": str,
        "sides": _sides,
    }


def _title(summary: Summary) -> str:
    old, new = (pin.commit.id[:12] for pin in (summary.old, summary.new))
    done = "published" if summary.published else "applies"
    return f"Upstream {old} to {new}: {done if summary.good else 'decisions needed'}"


def _license(change: LicenseChange) -> str:
    if change.old == change.new:
        return "the same"
    if change.new in ("", NO_LICENSE):
        return "gone"
    return "new" if change.old in ("", NO_LICENSE) else "changed"


def _sides(clash: Clash) -> list[tuple[str, list[str]]]:
    """A clash as two diffs of the lines that the patch expected: upstream's, and the patch's own."""
    base = clash.expected
    return [
        ("From what the patch expected to what upstream has now:", _diff(base, clash.upstream)),
        ("From what the patch expected to what the patch writes:", _diff(base, clash.wanted)),
    ]


def _diff(old: Sequence[str], new: Sequence[str]) -> list[str]:
    whole = len(old) + len(new)
    if whole > _MATCHED:
        return [*(f"-{line}" for line in old), *(f"+{line}" for line in new)]
    lines = list(unified_diff(old, new, n=whole, lineterm=""))[3:]  # without its headers
    return lines or [f" {line}" for line in old]


def _cut(lines: Sequence[str], most: int) -> list[str]:
    return [*lines[:most], f"... {len(lines) - most} more lines"] if len(lines) > most + 1 else [*lines]
