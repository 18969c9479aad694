"""The site of the documentation: it builds strictly, loads from no other server, and has no dead links."""

import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from npuport.base.places import HARNESS
from worlds.docpages import Page, pages

#: Attributes through which a page loads a file.
LOADING = {("script", "src"), ("link", "href"), ("img", "src"), ("iframe", "src"), ("source", "src")}
_LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")


class Links(HTMLParser):
    """The ids and links of a page, and the urls that it loads."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.ids: set[str] = set()
        self.links: list[str] = []
        self.loads: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name == "id" and value:
                self.ids.add(value)
            if (tag, name) == ("a", "href") and value:
                self.links.append(value)
            if (tag, name) in LOADING and value:
                self.loads.append(value)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, built as `make docs` builds it."""
    pytest.importorskip("mkdocs_static_i18n", reason="the site is built by mkdocs, in the extra `docs`")
    directory = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--quiet", "--strict", "--site-dir", str(directory)],
        cwd=HARNESS,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return directory


@pytest.fixture(scope="module")
def built(site: Path) -> dict[str, Links]:
    return {
        path.relative_to(site).as_posix(): Links(path.read_text(encoding="utf-8"))
        for path in site.rglob("*.html")
    }


def test_reference_is_current() -> None:
    done = subprocess.run(
        [sys.executable, "tools/docs/reference.py", "--check"], cwd=HARNESS, capture_output=True, text=True
    )
    assert done.returncode == 0, f"{done.stdout}{done.stderr}make docs writes them"


@pytest.mark.slow
def test_no_page_loads_from_another_server(site: Path, built: dict[str, Links]) -> None:
    loaded = {(page, url) for page, links in built.items() for url in links.loads}
    assert loaded
    assert {(page, url) for page, url in loaded if urlsplit(url).scheme or url.startswith("//")} == set()
    styles = "".join(path.read_text(encoding="utf-8") for path in site.rglob("*.css"))
    assert not re.search(r"@import|url\(\s*[\"']?(https?:)?//", styles)


@pytest.mark.slow
def test_the_site_has_no_dead_links(site: Path, built: dict[str, Links]) -> None:
    lost = []
    for page, links in built.items():
        for url in links.links:
            parts = urlsplit(url)
            if parts.scheme or page == "404.html":
                continue
            target = (site / page).parent / unquote(parts.path) if parts.path else site / page
            target = target / "index.html" if target.is_dir() else target
            name = target.resolve().relative_to(site.resolve()).as_posix()
            if not target.is_file() or (parts.fragment and unquote(parts.fragment) not in built[name].ids):
                lost.append((page, url))
    assert lost == []


@pytest.mark.slow
def test_the_site_has_both_languages_and_a_search(site: Path, built: dict[str, Links]) -> None:
    for page in ("index.html", "tutorial.html"):
        assert 'lang="en"' in (site / page).read_text(encoding="utf-8")
        assert 'lang="zh"' in (site / "zh" / page).read_text(encoding="utf-8")
        assert re.search(r"[\u4e00-\u9fff]{8}", (site / "zh" / page).read_text(encoding="utf-8"))
    index = (site / "search" / "search_index.js").read_text(encoding="utf-8")
    assert "explanation/parity.html" in index


def anchors(text: str) -> set[str]:
    """The anchors of a Markdown page's headings, as code hosts make them."""
    prose = re.sub(r"^```.*?^```$", "", text, flags=re.M | re.S)
    heads = re.findall(r"^#+ +(.+?)\s*$", prose, re.M)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


@pytest.mark.parametrize("page", pages(HARNESS), ids=lambda page: page.name)
def test_the_sources_have_no_dead_links(page: Page) -> None:
    """A reader of the repository follows them without the site."""
    prose = re.sub(r"^```.*?^```$", "", page.text, flags=re.M | re.S)
    lost = []
    for url in _LINK.findall(prose):
        parts = urlsplit(url)
        if parts.scheme:
            continue
        target = (HARNESS / page.name).parent / parts.path if parts.path else HARNESS / page.name
        anchor = parts.fragment
        if not target.exists() or (anchor and anchor not in anchors(target.read_text(encoding="utf-8"))):
            lost.append(url)
    assert lost == []


def test_pages_are_in_the_navigation() -> None:
    named = set(re.findall(r"([\w./-]+\.md)$", (HARNESS / "mkdocs.yml").read_text(encoding="utf-8"), re.M))
    there = {page.name.removeprefix("docs/") for page in pages(HARNESS) if page.name.startswith("docs/")}
    assert {name for name in there if not name.endswith(".zh.md")} == named
