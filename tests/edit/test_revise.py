"""`npuport new`, `edit`, `drop`: the series changed in the middle, and what lies above carried over it."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from npuport.base.errors import PortError
from npuport.cli import main
from npuport.edit.refresh import refresh
from npuport.edit.revise import begin_edit, drop
from npuport.patch.mail import parse_patch
from npuport.port.build import PortResult
from npuport.port.series import find, read_series
from worlds.port import MODEL, Port, diff_of, edited, git, make_patch

Run = Callable[..., tuple[int, Any]]


@pytest.fixture
def run(port: Port, capsys: pytest.CaptureFixture[str]) -> Run:
    """A command of npuport's: its exit code and its JSON."""

    def run(*words: str) -> tuple[int, Any]:
        capsys.readouterr()
        code = main(["--port", str(port.layout.root), *words, "--json"])
        return code, json.loads(capsys.readouterr().out)

    return run


def names(port: Port) -> list[str]:
    return [file.name for file in read_series(port.layout.patches)]


def data(port: Port, name: str) -> bytes:
    return (port.layout.patches / name).read_bytes()


def test_new_takes_what_is_edited(port: Port, ported: PortResult, run: Run) -> None:
    (ported.path / "run.sh").write_text("#!/bin/sh\necho hello\n")
    code, answer = run("new", "Say hello")
    assert (code, answer["new"]) == (0, ["0003-Say-hello.patch"])
    assert names(port)[2] == "0003-Say-hello.patch"


def test_new_remembers_the_title_until_there_is_an_edit(port: Port, run: Run) -> None:
    assert run("new", "Say  hello")[0] == 0
    assert run("refresh")[1]["new"] == []
    (port.layout.ported / "run.sh").write_text("#!/bin/sh\necho hello\n")
    assert run("refresh")[1]["new"] == ["0003-Say-hello.patch"]


def test_new_needs_a_title(run: Run) -> None:
    code, answer = run("new", "  ")
    assert (code, answer["error"]) == (1, "a patch needs a title")


@pytest.mark.parametrize("name", ["1", "0001", "0001-patch.patch", "0001-patch"])
def test_patches_are_named_by_file_or_number(port: Port, name: str) -> None:
    assert find(read_series(port.layout.patches), name).name == "0001-patch.patch"


def test_an_unknown_patch(port: Port) -> None:
    with pytest.raises(PortError, match="7 is not in the series") as error:
        drop(port.layout, "7")
    assert error.value.hint.endswith("0001, 0002")


def test_edit_in_the_middle_of_the_series(port: Port, run: Run) -> None:
    later = data(port, "0002-patch.patch")
    code, answer = run("edit", "1")
    assert (code, answer["patch"]) == (0, "0001-patch.patch")
    tree = port.layout.ported
    assert (tree / "model.py").read_text() == MODEL, "the tree is at the first patch"
    seed = (
        (tree / "tools/seed.py")
        .read_text()
        .replace("if torch.cuda", "if hasattr(torch, 'cuda') and torch.cuda")
    )
    (tree / "tools/seed.py").write_text(seed)
    code, answer = run("refresh", "--check")
    assert (code, answer["changed"], answer["published"]) == (1, True, False)
    code, answer = run("refresh")
    assert [verdict["kind"] for verdict in answer["verdicts"]] == ["edited", "clean"]
    assert data(port, "0002-patch.patch") == later
    assert (tree / "tools/seed.py").read_text() == seed
    assert (tree / "model.py").read_text() == edited(5, "55")
    assert run("verify")[0] == 0
    assert run("refresh")[1]["changed"] is False


def test_edit_with_commits_is_one_patch_still(port: Port, run: Run) -> None:
    run("edit", "1")
    tree = port.layout.ported.resolve()
    for number in range(2):
        (tree / "run.sh").write_text(f"#!/bin/sh\necho {number}\n")
        git(tree, "commit", "--quiet", "--all", "-m", f"Step {number}")
    (tree / "run.sh").write_text("#!/bin/sh\necho 3\n")
    assert run("refresh")[0] == 0
    assert len(names(port)) == 2
    assert b"+echo 3\n" in data(port, "0001-patch.patch")


def test_edit_of_the_message(port: Port, run: Run) -> None:
    before = parse_patch("p", data(port, "0001-patch.patch"))
    run("edit", "1")
    git(port.layout.ported, "commit", "--quiet", "--amend", "-m", "Seed them all\n\nFor a reason.")
    assert run("refresh")[0] == 0
    after = parse_patch("p", data(port, "0001-patch.patch"))
    assert (after.fields["subject"], after.reason) == ("Seed them all", "For a reason.")
    assert after.data[after.diff_start :] == before.data[before.diff_start :]


def test_edit_of_nothing_puts_everything_back(port: Port, ported: PortResult, run: Run) -> None:
    before = {name: data(port, name) for name in names(port)}
    run("edit", "1")
    assert run("refresh")[0] == 0
    assert {name: data(port, name) for name in names(port)} == before
    assert git(port.layout.ported, "rev-parse", "HEAD") == ported.commit


def test_edit_that_leaves_nothing(port: Port, run: Run) -> None:
    run("edit", "1")
    git(port.layout.ported, "reset", "--quiet", "--hard", "HEAD~1")
    code, answer = run("refresh")
    assert code == 1
    assert "nothing is left" in answer["error"]
    assert "npuport drop" in answer["hint"]


def test_edit_refuses_a_tree_with_work_in_it(port: Port, ported: PortResult) -> None:
    (ported.path / "run.sh").write_text("mine\n")
    with pytest.raises(PortError, match="local edits"):
        begin_edit(port.layout, "1")
    assert (ported.path / "run.sh").read_text() == "mine\n"


def test_drop(port: Port, ported: PortResult, run: Run) -> None:
    later = data(port, "0002-patch.patch")
    code, answer = run("drop", "1")
    assert (code, [verdict["kind"] for verdict in answer["verdicts"]]) == (0, ["skipped", "clean"])
    assert names(port) == ["0002-patch.patch"]
    assert data(port, "0002-patch.patch") == later
    assert "manual_seed_all" in (port.layout.ported / "tools/seed.py").read_text()
    assert run("verify")[0] == 0


def stacked(port: Port) -> None:
    """Two patches on one line."""
    first = diff_of(port.upstream, {"model.py": edited(5, "55")})
    onto = edited(5, "55").replace("value_5 = 55\n", "value_5 = 555\n")
    base = git(port.upstream, "rev-parse", "HEAD")
    (port.upstream / "model.py").write_text(edited(5, "55"))
    git(port.upstream, "commit", "--quiet", "--all", "-m", "first")
    second = diff_of(port.upstream, {"model.py": onto})
    git(port.upstream, "reset", "--quiet", "--hard", base)
    port.write_series(make_patch(first, "Change value 5"), make_patch(second, "Change it again"))
    refresh(port.layout)


def test_drop_below_a_patch_that_needs_it(port: Port, run: Run) -> None:
    """The later patch conflicts: a session as of a rebase, and nothing is changed before it is resolved."""
    stacked(port)
    before = port.layout.lock.read_bytes()
    code, answer = run("drop", "1")
    assert code == 1
    clash = answer["verdicts"][1]["clashes"][0]
    assert clash["reason"] == "an edit of the series changed the lines that the patch changes"
    assert (clash["upstream"], clash["expected"], clash["wanted"]) == (
        ["value_5 = 5"],
        ["value_5 = 55"],
        ["value_5 = 555"],
    )
    assert port.layout.lock.read_bytes() == before
    tree = port.layout.rebase / "session/tree"
    (tree / "model.py").write_text(edited(5, "555"))
    code, answer = run("rebase", "--continue")
    assert (code, [verdict["kind"] for verdict in answer["verdicts"]]) == (0, ["skipped", "resolved"])
    assert names(port) == ["0002-patch.patch"]
    assert (port.layout.ported / "model.py").read_text() == edited(5, "555")
    assert not (port.layout.root / "CHANGELOG.md").exists(), "the pin has not moved"


def test_edit_below_a_patch_that_conflicts_keeps_the_edit(port: Port, run: Run) -> None:
    stacked(port)
    run("edit", "1")
    (port.layout.ported / "model.py").write_text(edited(5, "56"))
    code, answer = run("refresh")
    assert code == 1
    assert [verdict["kind"] for verdict in answer["verdicts"]] == ["edited", "conflict"]
    (aside,) = port.layout.trees.glob("*.edited-*")
    assert (aside / "model.py").read_text() == edited(5, "56")
    assert run("rebase", "--abort")[1]["aborted"]
    assert (port.layout.ported / "model.py").read_text() == edited(5, "555")
