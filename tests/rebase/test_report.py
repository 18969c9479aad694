"""The report of a rebase: all of it, what is to be decided first; upstream's words are only shown."""

import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from npuport.base.places import HARNESS
from npuport.base.schema import to_json
from npuport.base.text import block, code, visible
from npuport.rebase.report import LONGEST, html, markdown, write
from npuport.rebase.summary import LicenseChange, Summary
from npuport.rebase.verdict import Clash, Verdict
from worlds.summaries import commit, proof, quiet, summary

SCHEMA = json.loads((HARNESS / "docs/rebase.schema.json").read_text())

HOSTILE = {
    "html": "<img src=x onerror=alert(1)></code></td></details></pre></style><script>alert(1)</script>",
    "entities": "&lt;b&gt; &#60;i> &amp;",
    "table": "a | b || c \\| d \\\\| e |",
    "code": "` `` ``` ```` `a` ~~~ ``` ",
    "markdown": "# x *a* __b__ [c](javascript:x) ![d](e) <http://f> - 1. > ![",
    "mentions": "@everyone fixes #12, closes org/repo#3, GH-4 https://host.example/a/issues/5",
    "terminal": "\x1b[31mred\x1b[0m \x1b]0;title\x07 \b\b\b\x7f\x9b31m",
    "control": "a\0b\nc\r\nd\te\x0bf\x85g\u2028h\u2029i",
    "direction": "\u202e evil \u2066 \u200b\u200d\u2069\ufeff",
    "surrogate": "\udcff \udc80",
    "jinja": "{{ 7 * 7 }} {% for x in y %} {# z #}",
    "blank": "   ",
    "empty": "",
    "long": "x" * 3000,
}


class Seen(HTMLParser):
    """The tags of a page, and its text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, tuple[tuple[str, str | None], ...]]] = []
        self.open: list[str] = []
        self._texts: list[str] = []
        self.feed(text)
        self.close()
        self.text = "".join(self._texts)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, tuple(attrs)))
        if tag not in ("meta", "br", "hr"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag, f"</{tag}> closes nothing"

    def handle_data(self, data: str) -> None:
        self._texts.append(data)


def rendered(text: str) -> Seen:
    """Markdown as a code host renders it: CommonMark with HTML, and tables."""
    return Seen(MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"]).render(text))


def shape(seen: Seen) -> list[str]:
    """The tags, those of code left out: what stands there is only shown."""
    return [tag for tag, _ in seen.tags if tag not in ("code", "span")]


PLAIN = summary()


@pytest.mark.parametrize("name", HOSTILE)
def test_upstream_cannot_break_out(name: str) -> None:
    """Whatever upstream writes, the report has the elements that it has with plain words, and no others."""
    text = HOSTILE[name]
    hostile = summary(text, text.replace("/", "_") or "x")
    plain = PLAIN
    page = Seen(html(hostile))
    assert shape(page) == shape(Seen(html(plain)))
    assert {attribute for _, attributes in page.tags for attribute, _ in attributes} <= {
        *("lang", "charset", "http-equiv", "content", "name", "class", "scope")
    }
    assert shape(rendered(markdown(hostile))) == shape(rendered(markdown(plain)))
    for shown in (page.text, rendered(markdown(hostile)).text):
        if name != "control":  # its tab is a blank in a line
            assert visible(text).strip()[:490] in shown
    for file in (markdown(hostile), html(hostile)):
        assert not re.search(
            "[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]", file
        )


@pytest.mark.parametrize("name", HOSTILE)
def test_upstream_stands_in_code_where_hosts_act_upon_nothing(name: str) -> None:
    """In the Markdown: outside of code, titles and our own prose there is not one of its words."""
    mark = "zqx"
    text = f"{mark}{HOSTILE[name]}{mark}"
    page = (
        MarkdownIt("commonmark", {"html": True})
        .enable(["table"])
        .render(markdown(summary(text, text.replace("/", "_"))))
    )
    assert mark not in re.sub(r"<(code)[^>]*>.*?</\1>", "", page, flags=re.DOTALL)


@given(st.text())
@settings(max_examples=50, deadline=None)
def test_any_text_is_code_in_a_line_and_in_a_cell(text: str) -> None:
    for before, after in (("", ""), ("| a | b |\n|---|---|\n| ", " | c |"), ("- ", ""), ("### ", "")):
        seen = rendered(f"{before}{code(text)}{after}\n")
        alone = rendered(f"{before}`x`{after}\n")
        assert [tag for tag, _ in seen.tags] == [tag for tag, _ in alone.tags]
        assert seen.text.strip() == alone.text.replace("x", visible(text)[:500].replace("\t", " ")).strip()


@given(st.lists(st.text()))
@settings(max_examples=50, deadline=None)
def test_any_lines_are_a_block(lines: list[str]) -> None:
    seen = rendered(f"{block(lines, 'diff')}\n\nafter\n")
    assert [tag for tag, _ in seen.tags] == ["pre", "code", "p"]
    assert seen.text == "".join(f"{visible(line)}\n" for line in lines) + "\nafter\n"


@pytest.mark.parametrize(
    "made", [PLAIN, quiet(), replace(quiet(), published=False)], ids=["full", "quiet", "dry"]
)
def test_json_is_as_documented(made: Summary, tmp_path: Path) -> None:
    write(tmp_path, made)
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    data = json.loads((tmp_path / "report.json").read_bytes())
    jsonschema.validate(data, SCHEMA)
    assert data == to_json(made)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["report.html", "report.json", "report.md"]


def test_same_summary_gives_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a", "b"):
        write(tmp_path / name, PLAIN)
    files = [
        sorted((path.name, path.read_bytes()) for path in (tmp_path / name).iterdir()) for name in ("a", "b")
    ]
    assert files[0] == files[1]


def test_decisions_come_first() -> None:
    lines = [line for line in markdown(PLAIN).splitlines() if line]
    assert lines[0].startswith("# Upstream 100000000000 to 200000000000: decisions needed; parity")
    assert lines[1] == "**Decisions needed:**"
    assert "0008-Conflict.patch" in lines[2]
    lines = [line for line in markdown(quiet()).splitlines() if line]
    assert lines[0] == "# Upstream 100000000000 to 200000000000: published"
    assert lines[1].startswith("**No decision is needed.** The port is the new one")
    dry = markdown(replace(quiet(), published=False))
    assert "nothing has been written" in dry


@pytest.mark.parametrize("page", [markdown, html], ids=["md", "html"])
def test_everything_is_in_the_report(page: Any) -> None:
    text = page(PLAIN)
    seen = (rendered(text) if page is markdown else Seen(text)).text
    for words in (
        *(verdict.patch for verdict in PLAIN.verdicts),
        *PLAIN.waiting,
        *("moved", "renamed", "merged", "upstreamed", "resolved", "skipped", "conflict"),
        "-3, +200 lines",
        "Change the mask changed them",
        "line 40",
        "vtp/mask.py:12",
        "upstream rewrote its history",
        "+Change the mask!",
        "get_latents: Change the mask",
        "a.weight was [4, 4], is [4, 8]",
        "b.weight [8] is gone",
        "c.weight [8] is new",
        "vtp/mask.py:3: Change the mask",
        "9.50",
        "test_Change the mask",
        "7 commits, newest first",
    ):
        assert words in seen, words


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [("a", "b", "has changed"), ("none", "b", "is new"), ("a", "", "is gone"), ("a", "none", "is gone")],
)
def test_licence_that_differs(old: str, new: str, message: str) -> None:
    data = replace(quiet(), license=LicenseChange("LICENSE", old, new, ""))
    assert f"`LICENSE` {message}. The ported tree" in markdown(data)
    assert f"LICENSE {message}. The ported tree" in Seen(html(data)).text
    assert "```" not in markdown(data)


def test_three_sides_of_a_conflict() -> None:
    text = markdown(PLAIN)
    upstreams = "```diff\n Change the mask = 1\n b = 2\n+c\n```"
    patchs = "```diff\n-Change the mask = 1\n-b = 2\n+d = 4\n```"
    assert text.index(upstreams) < text.index(patchs)


@pytest.mark.parametrize("page", [markdown, html], ids=["md", "html"])
def test_title_says_simulated(page: Any) -> None:
    simulated = page(replace(quiet(), after=proof()))
    head = simulated.splitlines()[0] if page is markdown else re.search("<title>(.*)</title>", simulated)[1]  # type: ignore[index]
    assert "(simulated)" in head
    assert "No Ascend chip was involved" in simulated
    real = page(replace(quiet(), after=proof(device="Ascend910B4")))
    assert "imulated" not in real


def test_long_report_is_cut_to_what_a_host_takes() -> None:
    by = commit(7)
    sides = tuple(f"line {number} of a long function" for number in range(400))
    clash = Clash("a.py", 1, 4, sides, sides[:80], sides[40:90], "upstream changed it", by)
    many = summary(
        log=tuple(commit(number, "A subject of some length, as they are" * 2) for number in range(1, 3000)),
        verdicts=tuple(Verdict(f"{n:04}-Patch.patch", "conflict", clashes=(clash,)) for n in range(200)),
        waiting=tuple(f"{n:04}-Waiting.patch" for n in range(200, 400)),
        assumptions=tuple(f"a.py:{n}: torch.cuda.synchronize()" for n in range(2000)),
    )
    data = many
    text = markdown(data)
    assert len(text) <= LONGEST
    assert "2984 more, in report.html" in text or "2994 more, in report.html" in text
    assert "more lines" in text
    Seen(MarkdownIt("commonmark", {"html": True}).enable("table").render(text))
    whole = Seen(html(data)).text
    assert "a.py:1999: torch.cuda.synchronize()" in whole
    assert "line 399 of a long function" in whole


def test_hostile_report_is_cut_too() -> None:
    """Where every character takes six to write."""
    text = "|" * 3000
    many = replace(summary(text, text), assumptions=(text,) * 500, api=(text,) * 500)
    assert len(markdown(many)) <= LONGEST + 100


def test_html_is_self_contained() -> None:
    text = html(PLAIN)
    assert not re.search(r"<(?:script|link|img|iframe)|\bsrc=|\bhref=|url\(|@import", text)
    assert "default-src 'none'" in text
    assert "prefers-color-scheme: dark" in text
