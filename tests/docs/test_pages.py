"""Every command in the documentation runs and prints what its page shows, or has a reason not to run."""

import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from npuport.base.places import HARNESS
from npuport.device import choose
from worlds.docpages import Page, blocks, pages, strays
from worlds.docproof import PROVED
from worlds.docrun import faults
from worlds.repository import fetched

PAGES = pages(HARNESS)
ORIGINALS = [page for page in PAGES if not page.original]
RUNNABLE = [page for page in ORIGINALS if any(not c.reason and c.bare not in PROVED for c in page.commands)]
MARKED = [(page, command) for page in ORIGINALS for command in page.commands if command.reason]


def _marks(page: Page) -> list[pytest.MarkDecorator]:
    return [
        mark
        for mark, holds in ((pytest.mark.slow, page.slow), (pytest.mark.network, page.needs_upstream))
        if holds
    ]


@pytest.mark.parametrize("page", [pytest.param(p, id=p.name, marks=_marks(p)) for p in RUNNABLE])
def test_page_says_what_happens(page: Page, tmp_path: Path) -> None:
    if shutil.which("bash") is None:
        pytest.skip("the pages need bash")
    if "simulated" in page.text and choose.probe().name:
        pytest.skip("the page shows a simulated Ascend, and a real one answers here")
    if page.needs_upstream:
        fetched()
    found = faults(page, tmp_path / "home", PROVED)
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    ("page", "command"), [pytest.param(p, c, id=f"{p.name}:{c.line}") for p, c in MARKED]
)
def test_command_that_is_not_run_says_why(page: Page, command: object) -> None:
    reason: str = getattr(command, "reason", "")
    assert len(reason.split()) >= 3, f"{page.name}: {reason!r} is no reason"
    pytest.skip(reason)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_block_is_run_or_says_why_not(page: Page) -> None:
    assert strays(page) == []


STRAYS = {
    "no language": ("```\nnpuport port\n```\n", "what language is ''?"),
    "a language that is not run": ("```fish\nnpuport port\n```\n", "what language is 'fish'?"),
    "commands shown as text": ("```text\n$ npuport port\n```\n", "commands belong into a console block"),
    "no command": ("```console\nout/ported: done\n```\n", "output before any command"),
    "a mark for another block": (
        "<!-- not run (make docs): it takes a minute -->\n```sh\nmake port\n```\n",
        "a mark for no command",
    ),
}


@pytest.mark.parametrize("name", STRAYS)
def test_unmarked_block_is_found(name: str, page: Page, tmp_path: Path) -> None:
    text, message = STRAYS[name]
    (tmp_path / "page.md").write_text(text)
    assert message in "\n".join(strays(page))


TRANSLATED = [page for page in PAGES if page.original]


@pytest.mark.parametrize("page", TRANSLATED, ids=lambda page: page.name)
def test_translation_has_the_commands_of_its_original(page: Page) -> None:
    """They are run there. Comments are translated, and a translation may leave blocks out."""
    original = {_spoken(block.text) for block in Page(HARNESS, page.original).blocks}
    for block in page.blocks:
        if block.language != "text" or block.title:
            assert _spoken(block.text) in original, f"{page.name}:{block.line} is not in {page.original}"


def _spoken(text: str) -> str:
    return re.sub(r"""(^|\s+)#.*$|\"\"\".*?\"\"\"""", "", text, flags=re.M).strip()


BAD = {
    "a wrong output": ("```console\n$ echo one\ntwo\n```\n", "says\ntwo\nprints\none"),
    "an unknown command": ("```sh\nnpuport frobnicate\n```\n", "ends with 2"),
    "a failure that is not shown": ("```console\n$ false\n```\n", "ends with 1"),
    "a missing output": ("```console\n$ echo one\n```\n", "prints\none"),
}
GOOD = {
    "a failure that is shown": "```console\n$ false\n$ echo $?\n1\n```\n",
    "an ellipsis": "```console\n$ seq 5\n1\n...\n5\n```\n",
    "other times": "```console\n$ echo done in 3 s\ndone in 14 s\n```\n",
    "a directory that is kept": "```sh\ncd tools\n```\n\n```console\n$ pwd\n~/npuport/tools\n```\n",
    "a file that the reader writes": '```text title="made/a"\none\n```\n```console\n$ cat made/a\none\n```\n',
    "a command over two lines": "```console\n$ echo one \\\n> two\none two\n```\n",
    "what must be there before": "<!-- before: touch there -->\n```sh\ntest -e there\n```\n",
    "a here-document": "```sh\ncat > there <<END\n$ no command\nEND\ntest -s there\n```\n",
}


@pytest.fixture
def page(tmp_path: Path) -> Page:
    return Page(tmp_path, "page.md")


@pytest.mark.parametrize("name", BAD)
def test_fault_is_found(name: str, page: Page, tmp_path: Path) -> None:
    text, message = BAD[name]
    (tmp_path / "page.md").write_text(text)
    found = faults(page, tmp_path / "home")
    assert message in "\n".join(found)


def test_sound_pages_pass(tmp_path: Path, page: Page) -> None:
    (tmp_path / "page.md").write_text(
        "\n".join(GOOD[name].replace("cd tools", "cd ~/npuport/tools") for name in GOOD)
    )
    assert faults(page, tmp_path / "home") == []


def test_what_ci_runs_is_not_run_again(tmp_path: Path, page: Page) -> None:
    (tmp_path / "page.md").write_text("```sh\nmake lint   # of everything\nmake no-such-target\n```\n")
    (found,) = faults(page, tmp_path / "home", PROVED)
    assert "make no-such-target" in found
    assert "make lint" not in found


def test_marks_hold_for_the_block_below_them() -> None:
    first, second, third = blocks(
        "<!-- not run: needs an Ascend -->\n```sh\nnpu-smi info\n```\n```sh\ntrue\n```\n"
        "<!-- not run (b): it takes an hour -->\n\n```sh\na\nb   # long\n```\n"
    )
    assert [c.reason for c in first.commands] == ["needs an Ascend"]
    assert [c.reason for c in second.commands] == [""]
    assert [c.reason for c in third.commands] == ["", "it takes an hour"]
    assert replace(third, marks=()).commands[1].reason == ""
