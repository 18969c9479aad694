"""Staging, publishing, locking."""

import os
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from npuport.base import files


def test_staged_directory_goes_unless_it_was_renamed(tmp_path: Path) -> None:
    with files.staged_directory(tmp_path / "deep/parent") as staged:
        (staged / "file").write_text("x")
    assert not staged.exists()
    with files.staged_directory(tmp_path) as staged:
        staged.rename(tmp_path / "done")
    assert (tmp_path / "done").is_dir()
    with pytest.raises(KeyError), files.staged_directory(tmp_path) as staged:
        raise KeyError
    assert not staged.exists()


def test_staged_directory_is_readable_as_the_umask_says(tmp_path: Path) -> None:
    old = os.umask(0o027)
    try:
        with files.staged_directory(tmp_path) as staged:
            assert stat.S_IMODE(staged.stat().st_mode) == 0o750
        files.write_atomically(tmp_path / "file", b"x")
        assert stat.S_IMODE((tmp_path / "file").stat().st_mode) == 0o640
    finally:
        os.umask(old)


def test_clean_staging_takes_leftovers_only(tmp_path: Path) -> None:
    leftover = tmp_path / f"{files.STAGING}dead"
    (leftover / "sub").mkdir(parents=True)
    (leftover / "sub/read-only").write_text("x")
    (leftover / "sub/read-only").chmod(0o400)
    (tmp_path / "kept").mkdir()
    files.clean_staging(tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["kept"]


def test_failed_write_leaves_the_old_contents(tmp_path: Path) -> None:
    path = tmp_path / "file"
    files.write_atomically(path, b"old")
    with pytest.raises(TypeError):
        files.write_atomically(path, "not bytes")  # type: ignore[arg-type]
    assert path.read_bytes() == b"old"
    assert [p.name for p in tmp_path.iterdir()] == ["file"]


def test_link_is_replaced_and_relative(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / "trees" / name).mkdir(parents=True)
        files.replace_link(tmp_path / "link", tmp_path / "trees" / name)
        assert (tmp_path / "link").readlink() == Path("trees", name)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["link", "trees"]


def test_published_directory_swaps_names_with_the_older_one(tmp_path: Path) -> None:
    target = tmp_path / "deep/target"
    for text in ("old", "new"):
        (tmp_path / text).mkdir()
        (tmp_path / text / "file").write_text(text)
        files.publish(tmp_path / text, target)
        assert (target / "file").read_text() == text
    assert (tmp_path / "new/file").read_text() == "old"
    assert not (tmp_path / "old").exists()
    with pytest.raises(OSError):
        files.publish(tmp_path / "missing", target)
    assert (target / "file").read_text() == "new"


def test_retired_directory_is_gone(tmp_path: Path) -> None:
    (tmp_path / "tree/sub").mkdir(parents=True)
    files.retire(tmp_path / "tree", tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_lock_holds_others_off_and_dies_with_its_holder(tmp_path: Path) -> None:
    code = (
        "import sys, time; from pathlib import Path; from npuport.base.files import exclusive\n"
        "with exclusive(Path(sys.argv[1])):\n    print('held', flush=True); time.sleep(600)\n"
    )
    path = tmp_path / "deep/.lock"
    holder = subprocess.Popen(
        [sys.executable, "-c", code, path],
        stdout=subprocess.PIPE,
        env=dict(os.environ) | {"PYTHONPATH": str(Path(files.__file__).parents[2])},
    )
    assert holder.stdout is not None
    holder.stdout.readline()
    waited: list[bool] = []

    def kill() -> None:
        waited.append(True)
        holder.kill()

    with files.exclusive(path, kill):
        assert waited == [True]
    holder.communicate()


def test_what_is_being_built_is_not_taken_for_what_was_left(tmp_path: Path) -> None:
    with files.staged_directory(tmp_path) as directory:
        (directory / "half").touch()
        assert not files.has_staging(tmp_path)
        files.clean_staging(tmp_path)
        assert (directory / "half").exists()
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_process_left_is_removed(tmp_path: Path) -> None:
    code = (
        "import sys, time; from pathlib import Path; from npuport.base.files import staged_directory\n"
        "with staged_directory(Path(sys.argv[1])) as d:\n    print(d, flush=True); time.sleep(600)\n"
    )
    path = str(Path(files.__file__).parents[2])
    command = [sys.executable, "-c", code, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env={**os.environ, "PYTHONPATH": path}) as other:
        assert other.stdout is not None
        directory = Path(other.stdout.readline().decode().strip())
        assert not files.has_staging(tmp_path)
        other.kill()
    assert files.has_staging(tmp_path)
    files.clean_staging(tmp_path)
    assert not directory.exists()


def test_many_stage_and_clean_at_once(tmp_path: Path) -> None:
    """A cleaner between the making of a directory and its lock must not take it away unnoticed."""

    def stage(_: int) -> bool:
        with files.staged_directory(tmp_path) as directory:
            files.clean_staging(tmp_path)
            (directory / "file").touch()
            return (directory / "file").exists()

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(stage, range(400)))
    assert list(tmp_path.iterdir()) == []
