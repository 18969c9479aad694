"""`npuport refresh`: exact patches keep their bytes, moved ones get a new diff, the lock follows."""

from pathlib import Path

import pytest

from npuport.base.errors import PortError
from npuport.edit.refresh import refresh
from npuport.patch.mail import parse_patch
from npuport.port.build import port as make_port
from npuport.port.lock import read_lock
from npuport.port.series import digest, read_series
from worlds.port import MODEL, Port, commit, diff_of, edited, git, make_patch


def snapshot(port: Port) -> dict[str, bytes]:
    files = [port.layout.lock, *port.layout.patches.iterdir()]
    return {path.name: path.read_bytes() for path in files}


def test_fills_in_an_empty_lock(port: Port) -> None:
    port.write_lock()
    assert refresh(port.layout).changed
    lock = read_lock(port.layout.lock)
    assert lock.complete
    assert lock.tree == git(port.upstream, "rev-parse", "HEAD^{tree}")
    assert lock.series_digest == digest(patch.entry for patch in read_series(port.layout.patches))
    assert make_port(port.layout).commit == lock.ported_commit


def test_second_refresh_changes_nothing(port: Port) -> None:
    before = snapshot(port)
    result = refresh(port.layout)
    assert not result.changed
    assert result.rewritten == ()
    assert snapshot(port) == before


def test_exact_patches_keep_their_bytes(port: Port) -> None:
    """However they were written: with a signature, a diffstat, five lines of context."""
    diff = diff_of(port.upstream, {"model.py": edited(9, "99")}, "-U5")
    odd = make_patch(diff + "-- \n2.1.0\n\n", fields="Forwarded: no\n---\n model.py | 2 +-\n\n")
    port.write_series(odd)
    refresh(port.layout)
    assert (port.layout.patches / "0001-patch.patch").read_bytes() == odd


def move(port: Port, text: str) -> str:
    """Upstream goes on; the pin follows."""
    pin = commit(port.upstream, {"model.py": text})
    port.write_lock()
    return pin


def test_offset_gets_a_new_diff_and_keeps_its_mail(port: Port) -> None:
    move(port, "# one\n# two\n" + MODEL)
    before = snapshot(port)
    result = refresh(port.layout)
    assert [name for name, _ in result.rewritten] == ["0002-patch.patch"]
    assert "offset of +2 lines" in result.rewritten[0][1]
    after = snapshot(port)
    assert after["0001-patch.patch"] == before["0001-patch.patch"]
    old, new = (parse_patch("p", files["0002-patch.patch"]) for files in (before, after))
    assert new.data[: new.diff_start] == old.data[: old.diff_start]
    assert new.changes[0].hunks[0].old_start == old.changes[0].hunks[0].old_start + 2
    tree = make_port(port.layout).path
    assert (tree / "model.py").read_text() == "# one\n# two\n" + edited(5, "55")
    assert not refresh(port.layout).changed


def test_changed_context_is_merged(port: Port) -> None:
    move(port, edited(7, "'upstream'"))
    assert [name for name, _ in refresh(port.layout).rewritten] == ["0002-patch.patch"]
    text = (make_port(port.layout).path / "model.py").read_text()
    assert text == edited(7, "'upstream'").replace("value_5 = 5\n", "value_5 = 55\n")


def test_file_that_upstream_renamed_is_followed(port: Port) -> None:
    commit(port.upstream, {"model.py": None, "net/model.py": MODEL})
    port.write_lock()
    refresh(port.layout)
    assert (make_port(port.layout).path / "net/model.py").read_text() == edited(5, "55")
    assert b"+++ b/net/model.py" in (port.layout.patches / "0002-patch.patch").read_bytes()


def test_patch_on_top_of_a_rewritten_one(port: Port) -> None:
    first = diff_of(port.upstream, {"model.py": edited(5, "55")})
    top = commit(port.upstream, {"model.py": edited(5, "55")})
    second = diff_of(port.upstream, {"model.py": edited(5, "555")})
    third = diff_of(port.upstream, {"README": "Another model.\n"})
    git(port.upstream, "reset", "--quiet", "--hard", f"{top}^")
    port.write_series(make_patch(first, "One"), make_patch(second, "Two"), make_patch(third, "Three"))
    move(port, "# one\n" + MODEL)
    assert [name for name, _ in refresh(port.layout).rewritten] == ["0001-patch.patch", "0002-patch.patch"]
    assert "value_5 = 555\n" in (make_port(port.layout).path / "model.py").read_text()


def test_stale_diffstat_goes(port: Port) -> None:
    diff = diff_of(port.upstream, {"model.py": edited(9, "99")})
    stat = "Forwarded: no\n---\nA note.\n model.py | 2 +-\n 1 file changed, 1 insertion(+), 1 deletion(-)\n"
    port.write_series(make_patch(diff, fields=stat))
    move(port, "# one\n" + MODEL)
    refresh(port.layout)
    data = (port.layout.patches / "0001-patch.patch").read_bytes()
    assert b"A note." in data
    assert b"file changed" not in data


def test_conflict_changes_nothing_and_says_where(port: Port) -> None:
    move(port, edited(5, "'upstream'"))
    before = snapshot(port)
    with pytest.raises(PortError, match="git cannot merge it either") as caught:
        refresh(port.layout)
    assert "0002-patch.patch: hunk 1 does not apply at model.py:5: expected `" in caught.value.message
    assert "found `value_5 = 'upstream'`" in caught.value.message
    assert snapshot(port) == before


def test_patch_that_upstream_has_taken_is_named(port: Port) -> None:
    for text in (edited(5, "55"), "# moved\n" + edited(5, "55"), edited(5, "55").replace("= 8\n", "= 80\n")):
        move(port, text)
        with pytest.raises(PortError, match=r"0002-patch\.patch: upstream already has this change") as caught:
            refresh(port.layout)
        assert "remove 0002-patch.patch" in caught.value.hint


def test_added_dropped_and_reordered_patches(port: Port) -> None:
    series = port.layout.patches / "series"
    more = make_patch(diff_of(port.upstream, {"README": "Another model.\n"}), "More")
    (port.layout.patches / "0003-more.patch").write_bytes(more)
    series.write_text("0003-more.patch\n0002-patch.patch\n0001-patch.patch\n")
    result = refresh(port.layout)
    assert [entry.name for entry in result.lock.patches] == series.read_text().split()
    (port.layout.patches / "0002-patch.patch").unlink()
    series.write_text("0003-more.patch\n0001-patch.patch\n")
    assert len(refresh(port.layout).lock.patches) == 2
    make_port(port.layout)


def test_check_changes_nothing(port: Port) -> None:
    assert not refresh(port.layout, check=True).changed
    move(port, "# one\n" + MODEL)
    before = snapshot(port)
    assert refresh(port.layout, check=True).changed
    assert snapshot(port) == before


def test_tree_and_licence_are_filled_in_but_never_overwritten(port: Port) -> None:
    text = port.layout.lock.read_text()
    lock = read_lock(port.layout.lock)
    for value, names in ((lock.tree, "the tree of"), (lock.license_sha256, "LICENSE has changed")):
        port.layout.lock.write_text(text.replace(value, "0" * len(value)))
        with pytest.raises(PortError, match=names):
            refresh(port.layout)
        port.layout.lock.write_text(text.replace(value, ""))
        refresh(port.layout)
        assert port.layout.lock.read_text() == text


def test_ported_tree_is_left_alone(port: Port) -> None:
    commit_before = make_port(port.layout).commit
    move(port, "# one\n" + MODEL)
    refresh(port.layout)
    assert git(port.layout.ported, "rev-parse", "HEAD") == commit_before
    assert [p.name for p in Path(port.layout.out).iterdir() if ".staging" in p.name] == []


def test_insertion_without_context_is_refused(port: Port) -> None:
    """Git would put it at the end of the file, wherever the hunk says."""
    diff = "diff --git a/model.py b/model.py\n--- a/model.py\n+++ b/model.py\n@@ -10,0 +11 @@\n+value = 'x'\n"
    port.write_series(make_patch(diff))
    with pytest.raises(PortError, match="without a line of context") as caught:
        refresh(port.layout)
    assert "git diff -U3" in caught.value.hint
