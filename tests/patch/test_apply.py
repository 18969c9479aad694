"""Exactness: every hunk where it says, on the lines it quotes; else an error that shows what stands there."""

import random
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from npuport.base.errors import PortError
from npuport.patch.apply import Unfit, apply_exactly, load_tree, split_lines
from npuport.patch.mail import parse_patch
from npuport.patch.parts import Patch
from worlds.port import MODEL, commit, diff_of, edited, git, make_patch


def patch_of(repository: Path, files: dict[str, str | bytes | None], *options: str) -> Patch:
    return parse_patch("0001-x.patch", make_patch(diff_of(repository, files, *options)))


def apply(repository: Path, patch: Patch) -> dict[str, bytes | None]:
    tree = load_tree(repository, "HEAD", [patch])
    apply_exactly(tree, patch)
    return {path: None if file.lines is None else b"".join(file.lines) for path, file in tree.items()}


def misfit(repository: Path, patch: Patch) -> PortError:
    tree = load_tree(repository, "HEAD", [patch])
    before = {path: (file.mode, list(file.lines or [])) for path, file in tree.items()}
    with pytest.raises(PortError) as caught:
        apply_exactly(tree, patch)
    assert before == {path: (file.mode, list(file.lines or [])) for path, file in tree.items()}
    assert "\n" not in caught.value.message
    return caught.value


CHANGES: dict[str, dict[str, str | bytes | None]] = {
    "one line": {"model.py": edited(10, "100")},
    "first and last line": {"model.py": edited(1, "'a'").replace("value_20 = 20", "value_20 = 'z'")},
    "no newline at the end": {"model.py": MODEL.rstrip("\n")},
    "new file": {"new/deep/file.py": "x = 1\n"},
    "new empty file": {"empty.py": ""},
    "deleted file": {"tools/seed.py": None},
    "emptied file": {"model.py": ""},
    "several files": {"model.py": edited(3, "x"), "run.sh": "#!/bin/sh\necho\n", "README": None},
    "renamed": {"model.py": None, "network.py": edited(2, "two")},
    "CRLF content": {"new.txt": "a\r\nb\r\n"},
}


@pytest.mark.parametrize("files", CHANGES.values(), ids=CHANGES.keys())
def test_result_is_gits(upstream: Path, files: dict[str, str | bytes | None]) -> None:
    result = apply(upstream, patch_of(upstream, files, "-M"))
    commit(upstream, files)
    for path in git(upstream, "ls-files").splitlines():
        if result[path] is not None:
            assert result[path] == (upstream / path).read_bytes(), path
    assert sorted(result) == git(upstream, "ls-files").splitlines()


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32))
def test_any_edit_that_git_writes_applies(upstream: Path, seed: int) -> None:
    draw = random.Random(seed)
    lines = MODEL.splitlines(keepends=True)
    for _ in range(draw.randint(1, 6)):
        at = draw.randrange(len(lines) + 1)
        lines[at : at + draw.randint(0, 3)] = [f"new {draw.random()}\n" for _ in range(draw.randint(0, 3))]
    text = "".join(lines) if draw.random() < 0.8 else "".join(lines).rstrip("\n")
    if text == MODEL:
        return
    patch = patch_of(upstream, {"model.py": text}, f"-U{draw.randint(1, 5)}")
    assert apply(upstream, patch)["model.py"] == text.encode()


def test_line_that_is_not_there_is_shown_with_what_stands_instead(upstream: Path) -> None:
    patch = patch_of(upstream, {"model.py": edited(3, "0").replace("value_15 = 15", "value_15 = 0")})
    commit(upstream, {"model.py": edited(14, "'changed upstream'")})
    error = misfit(upstream, patch)
    assert isinstance(error, Unfit)
    assert (error.patch, error.path, error.hunk) == ("0001-x.patch", "model.py", 2)
    lines = "expected `value_14 = 14`, found `value_14 = 'changed upstream'`"
    assert error.message == f"0001-x.patch: hunk 2 does not apply at model.py:14: {lines}"
    assert "npuport refresh" in error.hint


def test_offset_is_reported_and_refused(upstream: Path) -> None:
    patch = patch_of(upstream, {"model.py": edited(10, "100")})
    commit(upstream, {"model.py": "# one\n# two\n" + MODEL})
    error = misfit(upstream, patch)
    assert "hunk 1 does not apply at model.py:7: offset of +2 lines: its lines are at 9" in error.message
    assert error.hint == "npuport refresh"


def test_file_that_ends_before(upstream: Path) -> None:
    patch = patch_of(upstream, {"model.py": edited(19, "0")})
    commit(upstream, {"model.py": "".join(MODEL.splitlines(keepends=True)[:17])})
    assert "the file ends at line 17" in misfit(upstream, patch).message


def test_newline_at_the_end_counts(upstream: Path) -> None:
    patch = patch_of(upstream, {"model.py": edited(20, "0")})
    commit(upstream, {"model.py": MODEL.rstrip("\n")})
    assert "without a newline" in misfit(upstream, patch).message


def test_patch_that_upstream_has_is_named_as_such(upstream: Path) -> None:
    for files in ({"model.py": edited(10, "100")}, {"new.py": "x\n"}):
        patch = patch_of(upstream, files)
        commit(upstream, files)
        error = misfit(upstream, patch)
        assert "0001-x.patch: upstream already has this change" in error.message
        assert "remove 0001-x.patch" in error.hint


def test_wrong_target_lines_and_missing_context(upstream: Path) -> None:
    diff = diff_of(upstream, {"model.py": edited(10, "100")})
    moved = parse_patch("0001-x.patch", make_patch(diff.replace("+7,7 @@", "+8,7 @@")))
    assert "its new lines start at 7, not at 8" in misfit(upstream, moved).message
    bare = patch_of(upstream, {"model.py": edited(10, "100")}, "-U0")
    assert "without a line of context" in misfit(upstream, bare).message


def test_file_that_moved_upstream(upstream: Path) -> None:
    patch = patch_of(upstream, {"model.py": edited(10, "100")})
    commit(upstream, {"model.py": None, "net/model.py": MODEL})
    error = misfit(upstream, patch)
    assert "model.py does not exist" in error.message
    assert "net/model.py" in error.hint


def test_file_that_is_there_already_or_a_directory(upstream: Path) -> None:
    new = patch_of(upstream, {"extra": "x\n"})
    commit(upstream, {"extra": "y\n"})
    assert "extra already exists" in misfit(upstream, new).message
    commit(upstream, {"extra": None})
    commit(upstream, {"extra/file": "y\n"})
    assert "directory" in misfit(upstream, new).message


def test_mode_that_is_not_the_files(upstream: Path) -> None:
    patch = patch_of(upstream, {"run.sh": "#!/bin/sh\nexit\n"})
    (upstream / "run.sh").chmod(0o755)
    commit(upstream, {}, "Make it executable")
    assert "has the mode 100755, not 100644" in misfit(upstream, patch).message


def test_through_a_symlink_and_onto_one(upstream: Path, tmp_path: Path) -> None:
    through = patch_of(upstream, {"linked/evil.py": "x\n"})
    onto = patch_of(upstream, {"linked": "x\n"})
    (upstream / "linked").symlink_to(tmp_path)
    commit(upstream, {}, "Link")
    assert "linked is a symbolic link, not a directory" in misfit(upstream, through).message
    assert "linked" in misfit(upstream, onto).message
    target = parse_patch(
        "0001-x.patch",
        make_patch(
            "diff --git a/linked b/linked\nindex 1..2\n--- a/linked\n+++ b/linked\n@@ -1 +1 @@\n-x\n+y\n"
        ),
    )
    assert "linked is a symbolic link" in misfit(upstream, target).message


def test_lines_end_at_newlines_alone() -> None:
    assert split_lines(b"a\x0cb\x85\r\nc") == [b"a\x0cb\x85\r\n", b"c"]
    assert split_lines(b"") == []
