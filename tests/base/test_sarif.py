"""SARIF: what a code host needs of a log is there, and nothing that the standard does not know."""

import json
from pathlib import Path

import jsonschema
import pytest

from npuport.base.sarif import SarifResult, SarifRule, log, write
from worlds.sarif import SCHEMA

RULES = (
    SarifRule("too-long", "TooLong", "A line is too long.", "Break it."),
    SarifRule("too-short", "TooShort", "A line is too short.", "Fill it."),
)
FINDINGS = (
    SarifResult("too-short", "error", "patches/0001-a.patch", 3, 7, "line 3 is short"),
    SarifResult("too-long", "note", "patches/series", 0, 0, "the file is long"),
)


@pytest.mark.parametrize("findings", [FINDINGS, ()], ids=["findings", "none"])
def test_is_what_the_standard_asks_for(findings: tuple[SarifResult, ...]) -> None:
    jsonschema.validate(log("npuport lint", "1.2.3", RULES, findings), SCHEMA)


def test_says_what_was_found_and_where() -> None:
    (run,) = log("npuport lint", "1.2.3", RULES, FINDINGS)["runs"]
    assert run["tool"]["driver"]["name"] == "npuport lint"
    assert run["tool"]["driver"]["semanticVersion"] == "1.2.3"
    first, second = run["results"]
    assert (first["ruleId"], first["level"], first["message"]) == (
        "too-short",
        "error",
        {"text": "line 3 is short"},
    )
    assert first["locations"][0]["physicalLocation"] == {
        "artifactLocation": {"uri": "patches/0001-a.patch"},
        "region": {"startLine": 3, "startColumn": 7},
    }
    assert second["locations"][0]["physicalLocation"] == {"artifactLocation": {"uri": "patches/series"}}
    for result in run["results"]:  # what a reader looks the rule up by
        assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"]


def test_any_path_is_a_uri_and_any_text_is_json() -> None:
    odd = SarifResult("too-long", "warning", "a b/c:d#\udcff?.py", 1, 0, "holds \udcff and \x1b[31m")
    made = log("t", "1.2.3", RULES, [odd])
    jsonschema.validate(made, SCHEMA)
    (result,) = made["runs"][0]["results"]
    assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "a%20b/c%3Ad%23%FF%3F.py"
    assert json.loads(json.dumps(made).encode()) == made
    assert "\\udcff" in result["message"]["text"]


def test_finding_of_no_known_rule_is_our_fault() -> None:
    with pytest.raises(KeyError):
        log("t", "1.2.3", RULES[:1], FINDINGS)


def test_writes_a_file(tmp_path: Path) -> None:
    write(tmp_path / "made/lint.sarif", "npuport lint", "1.2.3", RULES, FINDINGS)
    assert json.loads((tmp_path / "made/lint.sarif").read_bytes()) == log(
        "npuport lint", "1.2.3", RULES, FINDINGS
    )
