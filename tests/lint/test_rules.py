"""`npuport lint`: every rule finds what it is for, and nothing in a patch as it should be."""

import json
import re
from pathlib import Path

import jsonschema
import pytest

from npuport import cli
from npuport.base.errors import PortError
from npuport.base.places import HARNESS
from npuport.base.sarif import SarifResult
from npuport.lint import lint
from npuport.lint.rules import LEVELS, RULES
from npuport.patch.mail import parse_patch
from npuport.port.layout import Layout
from worlds.lint import BROKEN, DIFF, GOOD, NAME, NEW_FILE, SOUND, added, file_diff, head
from worlds.port import MODEL, Port, commit, diff_of, edited, make_patch
from worlds.sarif import SCHEMA

Capture = pytest.CaptureFixture[str]


def make(directory: Path, patches: dict[str, str | bytes], series: str | None = None) -> Layout:
    """A port whose upstream was never fetched."""
    layout = Layout(directory)
    layout.patches.mkdir()
    for name, text in patches.items():
        (layout.patches / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    (layout.patches / "series").write_text(
        "".join(f"{name}\n" for name in patches) if series is None else series
    )
    layout.lock.write_text(
        f'format: 1\nupstream:\n  url: "https://host.example/a/b"\n  branch: "main"\n  commit: "{"a" * 40}"\n'
    )
    return layout


@pytest.fixture
def layout(tmp_path: Path, cache: Path) -> Path:
    directory = tmp_path / "lint"
    directory.mkdir()
    return directory


@pytest.mark.parametrize("name", BROKEN)
def test_rule_finds_what_it_is_for(name: str, layout: Path) -> None:
    data, line = BROKEN[name]
    port = make(layout, {NAME: data})
    rule = name.partition(":")[0]
    found = lint(port).findings
    assert (rule, line) in {(finding.rule, finding.line) for finding in found}
    assert {finding.path for finding in found} == {f"patches/{NAME}"}
    # One fault, one finding: only the rules that look at the very same thing may join in.
    joined = {"name-differs-from-subject", "subject-too-long", "line-end-mixed", "malformed", "debugger-left"}
    assert {finding.rule for finding in found} <= {rule, *joined}, found


ELSEWHERE = {
    *("series-name", "series-twice", "series-missing", "series-stray", "number-twice", "number-order"),
    *(
        "number-gap",
        "patch-twice",
        "change-twice",
        "overlap",
        "index-stale",
        "path-missing",
        "does-not-apply",
    ),
}


def test_every_rule_is_tested() -> None:
    assert {name.partition(":")[0] for name in BROKEN} | ELSEWHERE == set(LEVELS)


@pytest.mark.parametrize("name", SOUND)
def test_sound_patch_is_clean(name: str, layout: Path) -> None:
    named = "0001-Seed-what-is-present.patch"
    if "name of the code" in name:
        named = "0001-attn_mask-needs-a-value.patch"
    if name == "area":
        named = "0001-net-seed-what-is-present.patch"
    parse_patch(named, SOUND[name].encode())
    assert lint(make(layout, {named: SOUND[name]})).findings == ()


@pytest.mark.parametrize("root", [HARNESS, HARNESS / "examples/patchtok"], ids=["VTP", "patchtok"])
def test_our_own_series_are_clean(root: Path) -> None:
    assert lint(Layout(root)).findings == ()


def rules(findings: tuple[SarifResult, ...]) -> list[tuple[str, str, int]]:
    return [(finding.rule, finding.path.removeprefix("patches/"), finding.line) for finding in findings]


def test_series(layout: Path) -> None:
    other = GOOD + file_diff("-d = 1", "+d = 2", path="other.py")
    third = GOOD + file_diff("-e = 1", "+e = 2", path="third.py")
    patches = {
        "0004-Seed.patch": GOOD + DIFF,
        "0002-Seed.patch": other,
        "0002-Seed-what.patch": third,
        "0009-Seed.patch": other,
    }
    names = "0004-Seed.patch 0002-Seed.patch 0002-Seed-what.patch 0002-Seed.patch fix.patch 0005-gone.patch"
    series = "# ours\n\n" + "\n".join(names.split())
    assert rules(lint(make(layout, patches, series)).findings) == [
        ("number-gap", "series", 3),
        ("number-order", "series", 4),
        ("number-twice", "series", 5),
        ("series-twice", "series", 6),
        ("series-name", "series", 7),
        ("series-missing", "series", 8),
        ("series-stray", "0009-Seed.patch", 0),
        ("patch-twice", "0009-Seed.patch", 0),
    ]


def test_same_change_twice(layout: Path) -> None:
    again = head(("Because", "Again because")) + DIFF.replace("@@ -1,3 +1,3", "@@ -9,3 +9,3")
    found = lint(make(layout, {"0001-Seed.patch": GOOD + DIFF, "0002-Seed.patch": again})).findings
    assert rules(found) == [("change-twice", "0002-Seed.patch", 12)]


@pytest.mark.parametrize(
    ("diff", "overlaps"),
    [
        (file_diff("-b = 3", "+b = 4", start=12), True),
        (file_diff("-b = 3", "+b = 4", start=10), False),
        (file_diff("-z = 0", "+z = 1", start=13), False),
        (file_diff(" a = 1", " b = 3", "+z = 1", start=11), False),
        (file_diff("-b = 3", "+b = 4", start=12, path="other.py"), False),
    ],
    ids=["the same lines", "where they were before", "below", "beside", "another file"],
)
def test_overlap_counts_lines_where_they_are_by_then(diff: str, overlaps: bool, layout: Path) -> None:
    first = GOOD + file_diff("-b = 2", "+b = 3", start=10)
    above = GOOD + file_diff(" a = 0", "+a = 1", "+a = 2", start=3)
    patches = {"0001-Seed.patch": first, "0002-Seed.patch": above, "0003-Seed.patch": GOOD + diff}
    found = rules(lint(make(layout, patches)).findings)
    assert found == ([("overlap", "0003-Seed.patch", 17)] if overlaps else [])


def test_all_findings_of_a_broken_patch(layout: Path) -> None:
    """A patch that is refused in several ways, told all at once."""
    text = head(
        ("Date: Mon, 2 Nov 2026 10:00:00 +0100\n", ""),
        ("Seed what is present", "fixes it."),
        ("Forwarded: no\n", ""),
    )
    one = file_diff(" a", "+b ", path="../x.py")
    two = file_diff(" a", "+<<<<<<< HEAD", path="y.py", info="old mode 100644\nnew mode 120000\n")
    found = {finding.rule: finding for finding in lint(make(layout, {NAME: text + one + two})).findings}
    assert set(found) == {
        *("date-malformed", "forwarded-missing", "subject-not-capital", "subject-not-imperative"),
        *("subject-full-stop", "name-differs-from-subject", "malformed", "trailing-whitespace"),
        *("conflict-marker", "mode-change"),
    }
    messages = [f.message for f in lint(Layout(layout)).findings if f.rule == "malformed"]
    assert any("outside the tree" in message for message in messages)
    assert any("symbolic link" in message or "mode" in message for message in messages)


def test_at_the_pin(port: Port) -> None:
    assert lint(port.layout).applied
    names = {finding.rule for finding in lint(port.layout).findings}
    assert names == {"name-differs-from-subject", "origin-missing"}
    gone = diff_of(port.upstream, {"model.py": edited(9, "99")}).replace("model.py", "gone.py")
    moved = diff_of(port.upstream, {"model.py": edited(9, "99")}).replace(
        "@@ -6,7 +6,7 @@", "@@ -7,7 +7,7 @@"
    )
    after = diff_of(port.upstream, {"model.py": edited(15, "'x'")})
    port.write_series(*(make_patch(diff, f"Patch {n}") for n, diff in enumerate((gone, moved, after))))
    found = [finding for finding in lint(port.layout).findings if finding.level == "error"]
    assert [(finding.rule, finding.path[8:12]) for finding in found] == [
        ("path-missing", "0001"),
        ("does-not-apply", "0002"),
    ]
    assert "offset of -1 lines" in found[1].message
    assert "npuport refresh" in found[1].message


def test_stale_index_line(port: Port) -> None:
    diff = diff_of(port.upstream, {"model.py": edited(9, "99")})
    stale = diff.replace(re.findall(r"index (\w{40})", diff)[0], "1" * 40)
    port.write_series(make_patch(stale))
    assert "index-stale" in {finding.rule for finding in lint(port.layout).findings}


def test_pin_that_was_never_fetched_is_said(layout: Path, capsys: Capture) -> None:
    make(layout, {NAME: GOOD + DIFF})
    assert cli.main(["--port", str(layout), "lint"]) == 0
    assert capsys.readouterr().out == (
        "1 patch: clean; not applied to the pin: upstream is not in the cache (npuport port fetches it)\n"
    )


def test_one_line_a_finding_and_exit_codes(
    layout: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(layout, {NAME: added("    b = 1 "), "0002-Seed.patch": GOOD + NEW_FILE + "-- \n2.1\n"})
    monkeypatch.chdir(layout / "patches")
    assert cli.main(["lint"]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"{NAME}:18:11: warning: ends in whitespace [trailing-whitespace]"
    assert lines[1].endswith("note: git's version below `-- ` [signature]")
    assert lines[2].startswith("2 patches: 1 warning, 1 note")
    assert cli.main(["lint", "patches/0002-Seed.patch"]) == 0
    assert cli.main(["lint", "0002-Seed.patch", "--strict"]) == 1
    assert cli.main(["lint", "--ignore", "trailing-whitespace"]) == 0
    assert cli.main(["lint", "0007-none.patch"]) == 1
    assert "has no patch 0007-none.patch" in capsys.readouterr().err
    assert cli.main(["lint", "--ignore", "no-such"]) == 1
    assert "there is no rule no-such" in capsys.readouterr().err


def test_ignored_in_the_patch_but_never_an_error(layout: Path) -> None:
    text = head(("Date:", "X-Lint-Ignore: trailing-whitespace conflict-marker\nDate:"))
    diff = file_diff(" a", "+b ", "+<<<<<<< HEAD")
    found = lint(make(layout, {NAME: text + diff})).findings
    assert [finding.rule for finding in found] == ["conflict-marker"]


def test_json_and_sarif(layout: Path, tmp_path: Path, capsys: Capture) -> None:
    (tmp_path / ".git").mkdir()  # the port is a part of a repository
    make(layout, {NAME: added("    b = 1 ")})
    sarif = tmp_path / "lint.sarif"
    assert cli.main(["--port", str(layout), "lint", "--json", "--sarif", str(sarif)]) == 1
    data = json.loads(capsys.readouterr().out)
    assert set(data) == {"good", "patches", "applied", "counts", "findings"}
    assert data["counts"] == {"error": 0, "warning": 1, "note": 0}
    assert data["findings"][0]["path"] == f"patches/{NAME}"
    written = json.loads(sarif.read_bytes())
    jsonschema.validate(written, SCHEMA)
    (result,) = written["runs"][0]["results"]
    place = result["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == f"lint/patches/{NAME}"
    assert place["region"] == {"startLine": 18, "startColumn": 11}
    assert len(written["runs"][0]["tool"]["driver"]["rules"]) == len(RULES)


def test_no_series(layout: Path) -> None:
    make(layout, {}, "")
    assert lint(Layout(layout)).findings == ()
    (layout / "patches/series").unlink()
    with pytest.raises(PortError, match="series is missing"):
        lint(Layout(layout))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\n",
        b"\xff\xfe",
        b"From ",
        b"diff --git ",
        b"diff --git a/x b/x\n@@ -1 +1 @@",
        b"Subject: x\n\n" + b"\0" * 9,
        b"@@ -1 +1 @@\n\\ x\n",
    ],
)
def test_reads_anything(data: bytes, layout: Path) -> None:
    assert "malformed" in {finding.rule for finding in lint(make(layout, {NAME: data})).findings}


def test_lines_of_upstream_are_not_ours_to_judge(port: Port) -> None:
    """What upstream wrote badly beside our change is no finding."""
    ugly = MODEL.replace("value_4 = 4\n", "value_4 = 4  \n").replace("value_6 = 6\n", "\tvalue_6 = 6\n")
    commit(port.upstream, {"model.py": ugly})
    diff = diff_of(port.upstream, {"model.py": ugly.replace("value_5 = 5\n", "value_5 = 55\n")})
    port.write_series(make_patch(diff, fields="Origin: vendor\nForwarded: no\n"))
    port.write_lock()
    names = {finding.rule for finding in lint(port.layout).findings}
    assert names == {"name-differs-from-subject"}


def test_documented_rules_are_the_rules() -> None:
    text = (HARNESS / "docs/reference/lint.md").read_text()
    rows = re.findall(r"^\| `([a-z-]+)` \| (error|warning|note) \| (.+?) \| (.+?) \|$", text, re.M)
    assert rows == [(rule.id, LEVELS[rule.id], rule.text, rule.help) for rule in RULES]
