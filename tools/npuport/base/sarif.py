"""Findings as SARIF 2.1.0, which code hosts and editors show at the line that they are about.

The standard: https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote

from npuport import __version__
from npuport.base.files import write_atomically

Level = Literal["error", "warning", "note"]

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"


@dataclass(frozen=True)
class Rule:
    """What a tool looks for.

    Args:
        id: `reason-missing`; findings name it, and it never changes.
        name: the same for an editor's list, `ReasonMissing`.
        text: what is wrong where it is found, in one sentence.
        help: why that matters and how to fix it.
    """

    id: str
    name: str
    text: str
    help: str


@dataclass(frozen=True)
class Finding:
    """One place where a rule is broken.

    Args:
        rule: the rule's id.
        level: `error`, `warning` or `note`.
        path: of the file, relative to the root of the sources, with forward slashes.
        line: counted from 1; 0 where it is about the whole file.
        column: counted from 1, in characters; 0 where it is about the whole line.
        message: what is wrong here, in one line.
    """

    rule: str
    level: Level
    path: str
    line: int
    column: int
    message: str


def log(tool: str, rules: Sequence[Rule], findings: Sequence[Finding]) -> dict[str, Any]:
    """A run of a tool as plain data; findings keep their order.

    Args:
        tool: its name, `npuport lint`.
        rules: all that it knows, broken or not.

    Raises:
        KeyError: a finding is of none of these rules.
    """
    index = {rule.id: number for number, rule in enumerate(rules)}
    driver = {"name": tool, "semanticVersion": __version__, "rules": [_rule(rule) for rule in rules]}
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "results": [_result(finding, index[finding.rule]) for finding in findings],
    }
    return {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}


def write(path: Path, tool: str, rules: Sequence[Rule], findings: Sequence[Finding]) -> None:
    """Write `log` to a file, all of it or nothing."""
    write_atomically(path, (json.dumps(log(tool, rules, findings), indent=1) + "\n").encode())


def _rule(rule: Rule) -> dict[str, Any]:
    return {
        "id": rule.id,
        "name": rule.name,
        "shortDescription": {"text": rule.text},
        "help": {"text": rule.help},
    }


def _result(finding: Finding, index: int) -> dict[str, Any]:
    # A path is not always UTF-8; a URI can say every byte.
    place: dict[str, Any] = {
        "artifactLocation": {"uri": quote(finding.path.encode(errors="surrogateescape"))}
    }
    if finding.line:
        place["region"] = {"startLine": finding.line} | (
            {"startColumn": finding.column} if finding.column else {}
        )
    return {
        "ruleId": finding.rule,
        "ruleIndex": index,
        "level": finding.level,
        "message": {"text": finding.message.encode(errors="backslashreplace").decode()},
        "locations": [{"physicalLocation": place}],
    }
