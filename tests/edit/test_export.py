"""The user's edits and commits in the ported tree become the series."""

import shutil
from pathlib import Path

import pytest

from npuport.base.errors import PortError
from npuport.edit.refresh import refresh
from npuport.patch.mail import parse_patch
from npuport.patch.new import PLACEHOLDER
from npuport.port.build import PortResult
from npuport.port.build import port as make_port
from npuport.port.series import read_series
from npuport.port.verify import verify
from worlds.port import MODEL, Port, commit, edited, git


def series(port: Port) -> dict[str, bytes]:
    return {file.name: file.data for file in read_series(port.layout.patches)}


def take(port: Port, *, title: str = "") -> tuple[str, ...]:
    """Refresh, prove that all agrees, and return the names of the series."""
    result = refresh(port.layout, title=title)
    assert not refresh(port.layout).changed
    assert verify(port.layout).differences == ()
    assert len(list(port.layout.trees.iterdir())) == 1, "the edited tree is all in the series, and gone"
    return tuple(entry.name for entry in result.lock.patches)


def test_nothing_done(port: Port, ported: PortResult) -> None:
    before = series(port)
    assert not refresh(port.layout).changed
    assert series(port) == before


def test_an_edit_becomes_a_patch(port: Port, ported: PortResult) -> None:
    before = series(port)
    (ported.path / "run.sh").write_text("#!/bin/sh\necho hello\n")
    (ported.path / "new.py").write_text("x = 1\n")
    names = take(port, title="Say hello")
    assert names == (*before, "0003-Say-hello.patch")
    after = series(port)
    patch = parse_patch(names[2], after.pop(names[2]))
    assert after == before
    assert patch.reason == PLACEHOLDER
    assert patch.fields["forwarded"] == "no"
    assert sorted(change.path for change in patch.changes) == ["new.py", "run.sh"]
    assert (port.layout.ported / "new.py").read_text() == "x = 1\n"


def test_an_edit_without_a_title_is_named_by_its_files(port: Port, ported: PortResult) -> None:
    (ported.path / "run.sh").write_text("#!/bin/sh\n:\n")
    assert take(port)[2] == "0003-Change-run.sh.patch"


def test_commits_become_patches_with_their_messages(port: Port, ported: PortResult) -> None:
    message = "Say hello\n\nIt is polite.\n\nForwarded: not-needed\n"
    commit(ported.path, {"run.sh": "#!/bin/sh\necho hello\n"}, message)
    commit(ported.path, {"run.sh": "#!/bin/sh\necho hello, you\n"}, "Say to whom\n\ndiff --git a/x b/x")
    names = take(port)
    assert names[2:] == ("0003-Say-hello.patch", "0004-Say-to-whom.patch")
    first, second = (parse_patch(name, series(port)[name]) for name in names[2:])
    assert first.reason == "It is polite."
    assert first.fields["forwarded"] == "not-needed"
    assert first.fields["from"] == "Ada <ada@example.org>"
    assert second.reason == " diff --git a/x b/x", "indented, so that git does not take it for the diff"


def test_an_amended_commit_keeps_its_mail(port: Port, ported: PortResult) -> None:
    before = series(port)
    (ported.path / "model.py").write_text(edited(5, "555"))
    git(ported.path, "commit", "--quiet", "--all", "--amend", "--no-edit")
    names = take(port)
    after = series(port)
    assert names == tuple(before)
    assert after[names[0]] == before[names[0]]
    old, new = (parse_patch("p", files[names[1]]) for files in (before, after))
    assert new.data[: new.diff_start] == old.data[: old.diff_start]
    assert b"+value_5 = 555\n" in new.data


def test_a_reworded_commit_keeps_its_diff(port: Port, ported: PortResult) -> None:
    before = series(port)
    git(ported.path, "commit", "--quiet", "--amend", "-m", "Change value 5 at last\n\nFor a better reason.")
    names = take(port)
    assert names == tuple(before), "found by author and date"
    old, new = (parse_patch("p", files[names[1]]) for files in (before, series(port)))
    assert (new.fields["subject"], new.reason) == ("Change value 5 at last", "For a better reason.")
    assert new.data[new.diff_start :] == old.data[old.diff_start :]


def test_reordered_commits(port: Port, ported: PortResult) -> None:
    before = series(port)
    one, two = git(ported.path, "rev-list", "--reverse", "-2", "HEAD").split()
    git(ported.path, "reset", "--quiet", "--hard", "HEAD~2")
    git(ported.path, "cherry-pick", two, one)
    assert take(port) == tuple(reversed(before))
    assert series(port) == before, "other order, same bytes"


def test_a_commit_that_is_gone_drops_its_patch(port: Port, ported: PortResult) -> None:
    before = list(series(port))
    git(ported.path, "reset", "--quiet", "--hard", "HEAD~1")
    assert take(port) == (before[0],)


def test_empty_commits_are_nothing(port: Port, ported: PortResult) -> None:
    before = series(port)
    git(ported.path, "commit", "--quiet", "--allow-empty", "-m", "Nothing")
    refresh(port.layout)
    assert series(port) == before


def test_check_changes_nothing(port: Port, ported: PortResult) -> None:
    before, lock = series(port), port.layout.lock.read_bytes()
    (ported.path / "run.sh").write_text("#!/bin/sh\n:\n")
    result = refresh(port.layout, check=True)
    assert result.changed
    assert result.fresh == ("0003-Change-run.sh.patch",)
    assert (series(port), port.layout.lock.read_bytes()) == (before, lock)
    assert (ported.path / "run.sh").read_text() == "#!/bin/sh\n:\n"


def test_a_binary_file_is_refused(port: Port, ported: PortResult) -> None:
    (ported.path / "weights.bin").write_bytes(bytes(range(256)))
    with pytest.raises(PortError, match="binary"):
        refresh(port.layout)
    assert (ported.path / "weights.bin").is_file()


def test_merges_and_fixups_are_refused_with_the_way_out(port: Port, ported: PortResult) -> None:
    commit(ported.path, {"run.sh": "#!/bin/sh\n:\n"}, "fixup! Change value 5")
    with pytest.raises(PortError, match="not folded") as fold:
        refresh(port.layout)
    assert "rebase -i --autosquash" in fold.value.hint
    git(ported.path, "reset", "--quiet", "--hard", "HEAD~1")
    git(ported.path, "checkout", "--quiet", "-b", "side", "HEAD~1")
    commit(ported.path, {"side.py": "x = 1\n"}, "Side")
    git(ported.path, "checkout", "--quiet", "--detach", ported.commit)
    git(ported.path, "merge", "--quiet", "--no-ff", "-m", "Join", "side")
    with pytest.raises(PortError, match="is a merge"):
        refresh(port.layout)


def test_both_sides_changed_is_refused(port: Port, ported: PortResult) -> None:
    name = next(iter(series(port)))
    path = port.layout.patches / name
    path.write_bytes(path.read_bytes().replace(b"Because", b"Just because"))
    (ported.path / "run.sh").write_text("#!/bin/sh\n:\n")
    with pytest.raises(PortError, match=r"both .* have been changed"):
        refresh(port.layout)


def test_a_tree_of_another_pin_is_refused(port: Port, ported: PortResult) -> None:
    git(ported.path, "checkout", "--quiet", "--orphan", "elsewhere")
    git(ported.path, "commit", "--quiet", "--allow-empty", "-m", "Start over")
    with pytest.raises(PortError, match="does not stand on the pin"):
        refresh(port.layout)


def test_a_tree_without_git_is_refused(port: Port, ported: PortResult) -> None:
    shutil.rmtree(ported.path / ".git")
    with pytest.raises(PortError, match="does not stand on the pin"):
        refresh(port.layout)


def test_what_git_ignores_is_kept(port: Port, ported: PortResult, tmp_path: Path) -> None:
    """Files that upstream's own .gitignore hides are in no patch, so the tree that holds them stays."""
    commit(port.upstream, {".gitignore": "*.log\n"})
    port.write_lock()
    refresh(port.layout)
    tree = make_port(port.layout).path.resolve()
    (tree / "run.log").write_text("precious\n")
    (tree / "model.py").write_text(MODEL)
    refresh(port.layout)
    kept = port.layout.trees.rglob("run.log")
    assert [path.read_text() for path in kept] == ["precious\n"]
