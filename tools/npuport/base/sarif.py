"""SARIF 2.1.0: findings that code hosts and editors show at their lines.

The standard: https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import quote

from npuport.base.files import write_atomically

Level = Literal["error", "warning", "note"]

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"


@dataclass(frozen=True)
class SarifRule:
    """A rule of a tool.

    Args:
        id: `reason-missing`; results name it, and it never changes.
        name: the same for an editor's list, `ReasonMissing`.
        text: what is wrong where the rule is broken, in one sentence.
        help: why that matters and how to fix it.
    """

    id: str
    name: str
    text: str
    help: str


@dataclass(frozen=True)
class SarifResult:
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


def log(
    tool: str, version: str, rules: Sequence[SarifRule], results: Sequence[SarifResult]
) -> dict[str, object]:
    """Return a run of a tool as a SARIF log; results keep their order.

    Args:
        tool: its name, `npuport lint`.
        version: its version.
        rules: all of the tool's.

    Raises:
        KeyError: a result is of none of these rules.
    """
    index = {rule.id: number for number, rule in enumerate(rules)}
    driver = {"name": tool, "semanticVersion": version, "rules": [_rule(rule) for rule in rules]}
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "results": [_result(result, index[result.rule]) for result in results],
    }
    return {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}


def write(
    path: Path, tool: str, version: str, rules: Sequence[SarifRule], results: Sequence[SarifResult]
) -> None:
    """Write `log` to a file, in one step."""
    write_atomically(path, (json.dumps(log(tool, version, rules, results), indent=1) + "\n").encode())


def _rule(rule: SarifRule) -> dict[str, object]:
    return {
        "id": rule.id,
        "name": rule.name,
        "shortDescription": {"text": rule.text},
        "help": {"text": rule.help},
    }


def _result(result: SarifResult, index: int) -> dict[str, object]:
    # A path is not always UTF-8; a URI can hold every byte.
    place: dict[str, object] = {
        "artifactLocation": {"uri": quote(result.path.encode(errors="surrogateescape"))}
    }
    if result.line:
        place["region"] = {"startLine": result.line} | (
            {"startColumn": result.column} if result.column else {}
        )
    return {
        "ruleId": result.rule,
        "ruleIndex": index,
        "level": result.level,
        "message": {"text": result.message.encode(errors="backslashreplace").decode()},
        "locations": [{"physicalLocation": place}],
    }
