"""The report of a rebase: report.json (docs/rebase.schema.json), and report.md and report.html made of it.

report.md is made to be pasted into a pull request: what a person has to decide comes first, and it stays
below what a code host takes as a body. report.html is one file without a script.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict
from difflib import unified_diff
from pathlib import Path
from typing import Any

from npuport.base import pages
from npuport.base.files import write_atomically
from npuport.base.text import block, code, visible
from npuport.device.choose import SIMULATED
from npuport.port.lockrules import NO_LICENSE
from npuport.rebase.proof import state_dict_difference
from npuport.rebase.summary import Summary
from npuport.rebase.verdict import verdict_from_json

_TEMPLATES = Path(__file__).parent
#: Version of the shape of report.json.
SCHEMA = 1
#: The longest body that a code host takes, with something to spare.
LONGEST = 60_000
# The most lines that are compared line by line: the time goes with their square.
_MATCHED = 400
# How many items a list shows, and how many lines a block: what fits, the first of these.
_LIMITS = ((100, 60), (40, 30), (15, 12), (5, 5))


def write(directory: Path, summary: Summary) -> None:
    """Write report.md, report.json and report.html: everything in them comes out of the summary."""
    data = report_json(summary)
    text = json.dumps(data, indent=1, ensure_ascii=False) + "\n"
    write_atomically(directory / "report.json", text.encode(errors="backslashreplace"))
    write_atomically(directory / "report.md", markdown(data).encode())
    write_atomically(directory / "report.html", html(data).encode())


def report_json(summary: Summary) -> dict[str, Any]:
    """Everything that is known of a rebase, as plain data."""
    before, after = summary.before, summary.after
    return {
        "schema": SCHEMA,
        "good": not summary.decisions,
        **_plain(asdict(summary)),
        "verdicts": _plain([verdict.as_json() for verdict in summary.verdicts]),
        "ahead": _plain([verdict.as_json() for verdict in summary.ahead]),
        "state_dict": list(state_dict_difference(before, after)) if before and after else [],
        "simulated": any(SIMULATED in proof.device for proof in (before, after) if proof),
    }


def _plain(data: Any) -> Any:
    """The same as JSON gives it back: tuples become lists."""
    return json.loads(json.dumps(data))


def markdown(data: dict[str, Any]) -> str:
    """report.json as a page of Markdown; long lists and blocks are cut where it would be too long."""
    text = ""
    for items, lines in _LIMITS:
        environment = pages.environment(_TEMPLATES)
        environment.filters |= {"code": code, "block": block, "cut": _cut}
        text = environment.get_template("report.md.j2").render(_page(data), most=items, most_lines=lines)
        if len(text) <= LONGEST:
            return text
    return text[: text.rindex("\n", 0, LONGEST)] + "\n\nThe rest is in report.html.\n"


def html(data: dict[str, Any]) -> str:
    """report.json as one page of HTML, whole."""
    environment = pages.environment(_TEMPLATES, html=True)
    environment.filters |= {"visible": visible}
    return environment.get_template("report.html.j2").render(_page(data))


def _page(data: dict[str, Any]) -> dict[str, Any]:
    """What both templates show, worked out once."""
    verdicts = data["verdicts"]
    kinds = [verdict["kind"] for verdict in verdicts]
    counts = [f"{kinds.count(kind)} {kind}" for kind in dict.fromkeys(kinds)]
    waiting = len(data["waiting"])
    before, after = data["before"], data["after"]
    red = set(before["red"]) if before else set()
    return {
        **data,
        "title": _title(data),
        "told": ", ".join([*counts, *[f"{waiting} not reached yet"] * bool(waiting)]) or "no patches",
        "changed": [verdict for verdict in verdicts if verdict["kind"] != "clean"],
        "clean": [verdict["patch"] for verdict in verdicts if verdict["kind"] == "clean"],
        "details": {
            verdict["patch"]: verdict_from_json(verdict).detail for verdict in [*verdicts, *data["ahead"]]
        },
        "clashes": [(verdict, clash) for verdict in verdicts for clash in verdict["clashes"]],
        "license_state": _license(data["license"]),
        "license_diff": data["license"]["diff"].rstrip("\n").split("\n") if data["license"]["diff"] else [],
        "turned_red": [name for name in after["red"] if name not in red] if before and after else [],
        "proof": after or before,
        "commit": _commit,
        "sides": _sides,
    }


def _title(data: dict[str, Any]) -> str:
    old, new = (data[pin]["commit"]["id"][:12] for pin in ("old", "new"))
    done = "published" if data["published"] else "applies"
    return f"Upstream {old} to {new}: {done if data['good'] else 'a person has to decide'}"


def _license(change: dict[str, str]) -> str:
    """What became of upstream's licence."""
    if change["old"] == change["new"]:
        return "the same"
    if change["new"] in ("", NO_LICENSE):
        return "gone"
    return "new" if change["old"] in ("", NO_LICENSE) else "changed"


def _commit(commit: dict[str, str]) -> str:
    return f"{commit['id'][:12]} ({commit['date']}, {commit['author']}: {commit['subject']})"


def _sides(clash: dict[str, Any]) -> list[tuple[str, list[str]]]:
    """The three sides of a clash as two diffs of what the patch expected: upstream's, and the patch's own."""
    base = clash["expected"]
    return [
        ("From what the patch expected to what upstream has now:", _diff(base, clash["upstream"])),
        ("From what the patch expected to what the patch puts there:", _diff(base, clash["wanted"])),
    ]


def _diff(old: Sequence[str], new: Sequence[str]) -> list[str]:
    whole = len(old) + len(new)
    if whole > _MATCHED:
        return [*(f"-{line}" for line in old), *(f"+{line}" for line in new)]
    found = list(unified_diff(old, new, n=whole, lineterm=""))[3:]  # without its headers
    return found or [f" {line}" for line in old]


def _cut(lines: Sequence[str], most: int) -> list[str]:
    return [*lines[:most], f"... {len(lines) - most} more lines"] if len(lines) > most + 1 else [*lines]
