"""The changelog's line goes where Keep a Changelog has it, and nothing else moves."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from npuport.base.changelog import with_line
from npuport.base.places import HARNESS

LINE = "Upstream moved to abc."
CHANGED = "### Changed\n- Upstream moved to abc.\n"
CASES = {
    "nothing yet": (
        "",
        "# Changelog\n\nWhat a user notices, newest first. The format follows Keep a Changelog.\n\n"
        "## Unreleased\n\n### Changed\n- Upstream moved to abc.\n",
    ),
    "title only": ("# Changes\n", "# Changes\n\n## Unreleased\n\n### Changed\n- Upstream moved to abc.\n"),
    "released versions only": (
        "# C\n\nProse.\n\n## 1.0\n\n### Changed\n- x\n",
        "# C\n\nProse.\n\n## Unreleased\n\n" + CHANGED + "\n## 1.0\n\n### Changed\n- x\n",
    ),
    "nothing unreleased": (
        "# C\n\n## [Unreleased]\n\n## 1.0\n- x\n",
        "# C\n\n## [Unreleased]\n\n### Changed\n- Upstream moved to abc.\n\n## 1.0\n- x\n",
    ),
    "nothing unreleased at the end": (
        "# C\n\n## Unreleased",
        "# C\n\n## Unreleased\n\n### Changed\n- Upstream moved to abc.\n",
    ),
    "below what is added": (
        "# C\n\n## Unreleased\n\n### Added\n- a\n  b\n\n## 1.0\n",
        "# C\n\n## Unreleased\n\n### Added\n- a\n  b\n\n### Changed\n- Upstream moved to abc.\n\n## 1.0\n",
    ),
    "above what is fixed": (
        "## Unreleased\n### Added\n- a\n### Fixed\n- f\n",
        "## Unreleased\n### Added\n- a\n\n### Changed\n- Upstream moved to abc.\n\n### Fixed\n- f\n",
    ),
    "behind the others": (
        "## Unreleased\n\n### Changed\n- one\n  more\n\n### Fixed\n- f\n",
        "## Unreleased\n\n### Changed\n- one\n  more\n- Upstream moved to abc.\n\n### Fixed\n- f\n",
    ),
    "of another version": (
        "## Unreleased\n\n### Changed\n- one\n\n## 1.0\n\n### Changed\n- Upstream moved to abc.\n",
        "## Unreleased\n\n### Changed\n- one\n- Upstream moved to abc.\n\n## 1.0\n\n### Changed\n"
        "- Upstream moved to abc.\n",
    ),
    "heading without an entry": (
        "## Unreleased\n\n### Changed\n\n## 1.0\n",
        "## Unreleased\n\n### Changed\n- Upstream moved to abc.\n\n## 1.0\n",
    ),
    "CRLF": (
        "# C\r\n\r\n## Unreleased\r\n\r\n### Changed\r\n- one\r\n",
        "# C\r\n\r\n## Unreleased\r\n\r\n### Changed\r\n- one\r\n- Upstream moved to abc.\r\n",
    ),
    "CRLF, headings made": (
        "# C\r\n\r\n## 1.0\r\n",
        "# C\r\n\r\n## Unreleased\r\n\r\n### Changed\r\n- Upstream moved to abc.\r\n\r\n## 1.0\r\n",
    ),
    "headings in a fence": (
        "# C\n\n```\n## Unreleased\n### Changed\n```\n\n## 1.0\n",
        "# C\n\n```\n## Unreleased\n### Changed\n```\n\n## Unreleased\n\n" + CHANGED + "\n## 1.0\n",
    ),
    "links at the end": (
        "# C\n\n## [Unreleased]\n\n### Changed\n- one\n\n[Unreleased]: https://h.example\n",
        "# C\n\n## [Unreleased]\n\n### Changed\n- one\n- Upstream moved to abc.\n\n[Unreleased]: https://h.example\n",
    ),
    "there already": ("## Unreleased\n\n### Changed\n- Upstream moved\n  to abc.\n", None),
}


@pytest.mark.parametrize("name", CASES)
def test_line_is_put_where_it_belongs_once(name: str) -> None:
    text, expected = CASES[name]
    made = with_line(text, LINE)
    assert made == (text if expected is None else expected)
    assert with_line(made, LINE) == made


def test_any_text_becomes_one_line() -> None:
    assert with_line("", "- a\n  b\r\n\x0bc").endswith("### Changed\n- a b c\n")


def test_our_own() -> None:
    text = (HARNESS / "CHANGELOG.md").read_text()
    made = with_line(text, LINE)
    assert len(made.splitlines()) > len(text.splitlines())
    assert made.index(LINE) > made.index("## Unreleased")


_LINES = st.sampled_from(
    [
        "# C",
        "## Unreleased",
        "## 1.0",
        "### Added",
        "### Changed",
        "### Fixed",
        "- a",
        "  b",
        "",
        "```",
        "[x]: y",
    ]
)


@given(st.lists(_LINES), st.sampled_from(["\n", "\r\n"]), st.booleans())
def test_adds_lines_and_takes_none(lines: list[str], end: str, ended: bool) -> None:
    text = end.join(lines) + end * ended
    made = with_line(text, LINE)
    assert with_line(made, LINE) == made
    assert made.count(f"- {LINE}") == 1
    rest = iter(made.splitlines())
    assert all(line in rest for line in text.splitlines() if line)  # all of them, in their order
    if "\r\n" in text:
        assert "\n" not in made.replace("\r\n", "")
