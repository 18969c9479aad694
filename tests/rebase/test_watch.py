"""`npuport watch`: 0 up to date, 10 newer and clean, 11 newer and a decision is needed."""

import json
from pathlib import Path
from typing import Any

import pytest

from npuport import cli
from npuport.git import repository as words
from worlds.port import LICENSE, MODEL, Port, commit, edited, git

Capture = pytest.CaptureFixture[str]


def watch(port: Port, capsys: Capture, *options: str) -> tuple[int, Any]:
    """Run it; whatever it finds, the port stays as it is."""
    before = snapshot(port)
    capsys.readouterr()
    code = cli.main(["--port", str(port.layout.root), "watch", "--json", *options])
    assert snapshot(port) == before
    return code, json.loads(capsys.readouterr().out)


def snapshot(port: Port) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in port.layout.root.rglob("*") if path.is_file()}


def test_up_to_date(port: Port, capsys: Capture) -> None:
    code, found = watch(port, capsys)
    assert (code, found["state"]) == (0, "up to date")
    assert (found["tip"], found["tag"], found["target"]) == (None, None, None)
    assert found["pin"]["commit"] == git(port.upstream, "rev-parse", "HEAD")


def test_newer_and_clean(port: Port, capsys: Capture) -> None:
    commit(port.upstream, {"README": "A better model.\n"})
    tip = commit(port.upstream, {"model.py": "# one\n" + MODEL}, "Say one")
    code, found = watch(port, capsys)
    assert (code, found["state"]) == (10, "clean")
    assert found["target"] == found["tip"]
    assert found["tip"]["commit"]["id"] == tip
    assert found["tip"]["commit"]["subject"] == "Say one"
    assert found["tip"]["commits"] == 2
    assert [verdict["kind"] for verdict in found["tip"]["verdicts"]] == ["clean", "moved"]
    assert found["tip"]["next"] == "npuport rebase --to main"
    assert cli.main(["--port", str(port.layout.root), *found["tip"]["next"].split()[1:]]) == 0
    assert watch(port, capsys)[0] == 0


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"model.py": edited(5, "'upstream'")}, "0002-patch.patch: model.py, hunk 1"),
        ({"tools/seed.py": None}, "upstream deleted the file"),
        ({"LICENSE": LICENSE + "But not that.\n"}, "LICENSE"),
    ],
    ids=["conflict", "deleted", "licence"],
)
def test_newer_and_needs_a_decision(
    files: dict[str, str | bytes | None], message: str, port: Port, capsys: Capture
) -> None:
    commit(port.upstream, files)
    code, found = watch(port, capsys)
    assert (code, found["state"]) == (11, "needs a person")
    assert any(message in line for line in found["target"]["decisions"])


def test_branch_that_left_the_pin_needs_a_decision(port: Port, capsys: Capture) -> None:
    watch(port, capsys)  # the cache holds the pin from now on
    git(port.upstream, "reset", "--quiet", "--hard", "HEAD^")
    commit(port.upstream, {"model.py": MODEL, "tools/seed.py": (port.upstream / "LICENSE").read_text()})
    git(port.upstream, "checkout", "--quiet", "main@{2}", "--", "tools/seed.py")
    commit(port.upstream, {})
    code, found = watch(port, capsys)
    assert code == 11
    assert any("rewrote its history" in line for line in found["target"]["decisions"])


def test_branch_that_went_back_is_not_newer(port: Port, capsys: Capture) -> None:
    watch(port, capsys)
    git(port.upstream, "reset", "--quiet", "--hard", "HEAD^")
    assert watch(port, capsys)[0] == 0


def test_branch_that_is_gone_is_an_error(port: Port, capsys: Capture) -> None:
    git(port.upstream, "branch", "--quiet", "-m", "main", "trunk")
    code, found = watch(port, capsys)
    assert code == 1
    assert "main" in found["error"]


def test_newest_tag_by_its_version(port: Port, capsys: Capture) -> None:
    git(port.upstream, "tag", "v1.0", "HEAD^")  # before the pin
    git(port.upstream, "tag", "v1.1")  # the pin
    assert watch(port, capsys, "--tags")[0] == 0
    for name in ("v1.9", "v1.10", "v1.10-rc1"):
        commit(port.upstream, {"README": f"{name}\n"})
        git(port.upstream, "tag", "-a", "-m", name, name)
    commit(port.upstream, {"model.py": edited(5, "'upstream'")})
    code, found = watch(port, capsys, "--tags")
    assert code == 10
    assert found["tip"] is None
    assert found["target"]["ref"] == "tags/v1.10"
    assert found["target"]["next"] == "npuport rebase --to tags/v1.10"
    code, found = watch(port, capsys)
    assert code == 11
    assert (found["tip"]["needs_person"], found["tag"]["needs_person"]) == (True, False)
    assert found["target"] == found["tip"]


def test_tag_of_the_tip_is_reported_once(port: Port, capsys: Capture) -> None:
    commit(port.upstream, {"README": "2\n"})
    git(port.upstream, "tag", "v2")
    assert watch(port, capsys)[1]["tag"] is None
    assert watch(port, capsys, "--tags")[1]["tag"]["ref"] == "tags/v2"


def test_tag_beside_the_branch(port: Port, capsys: Capture) -> None:
    """A release whose commit is on no branch is news, too; one without the pin is not."""
    git(port.upstream, "checkout", "--quiet", "--detach")
    commit(port.upstream, {"README": "A release.\n"})
    git(port.upstream, "tag", "v3")
    git(port.upstream, "checkout", "--quiet", "--orphan", "other")
    commit(port.upstream, {"README": "Another.\n"})
    git(port.upstream, "tag", "v9")
    git(port.upstream, "checkout", "--quiet", "main")
    code, found = watch(port, capsys)
    assert (code, found["tip"], found["target"]["ref"]) == (10, None, "tags/v3")


def test_tags_of_no_commit_do_not_disturb(port: Port, capsys: Capture) -> None:
    git(port.upstream, "tag", "a-tree", "HEAD^{tree}")
    git(port.upstream, "tag", "a-file", "HEAD:README")
    assert watch(port, capsys)[0] == 0


def test_name_of_a_tag_cannot_become_a_command(port: Port, capsys: Capture) -> None:
    commit(port.upstream, {"README": "2\n"})
    git(port.upstream, "tag", "v2;$(touch${IFS}x)'")
    found = watch(port, capsys, "--tags")[1]
    assert found["target"]["next"] == "npuport rebase --to 'tags/v2;$(touch${IFS}x)'\"'\"''"


def test_branch_and_tag_of_one_name(port: Port, capsys: Capture) -> None:
    git(port.upstream, "tag", "main")
    commit(port.upstream, {"README": "2\n"})
    code, found = watch(port, capsys)
    assert (code, found["target"]["ref"]) == (10, "heads/main")


def test_order_of_versions(upstream: Path) -> None:
    ordered = ["v1.10.1", "v1.10", "v1.10-rc2", "v1.10-rc1", "v1.10-beta", "v1.9", "v1.0.post1", "v1.0"]
    for name in sorted(ordered):
        git(upstream, "tag", name)
    names = [name for name, _ in words.tags_above(upstream, git(upstream, "rev-parse", "HEAD"))]
    assert names == ordered


def test_text_names_the_next_command(port: Port, capsys: Capture, tmp_path: Path) -> None:
    root = str(port.layout.root)
    assert cli.main(["--port", root, "watch"]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "up to date"
    commit(port.upstream, {"model.py": edited(5, "'upstream'")}, "Change value 5")
    assert cli.main(["--port", root, "watch", "--report", str(tmp_path / "report")]) == 11
    lines = capsys.readouterr().out.splitlines()
    assert lines[1].endswith("Change value 5)")
    assert lines[2] == "  1 commit since the pin; the series: 1 clean, 1 conflict"
    assert lines[-1] == "next: npuport rebase --to main"
    assert "decisions needed" in (tmp_path / "report/report.md").read_text()
    assert sorted(path.name for path in (tmp_path / "report").iterdir()) == [
        *("report.html", "report.json", "report.md")
    ]


def test_terminal_takes_no_orders_from_upstream(port: Port, capsys: Capture) -> None:
    commit(port.upstream, {"README": "2\n"}, "Change \x1b]0;the title\x07 and \x1b[31mthe colour")
    assert cli.main(["--port", str(port.layout.root), "watch"]) == 10
    out = capsys.readouterr().out
    assert "\x1b" not in out
    assert "Change \\x1b]0;the title\\x07" in out
