"""SHA256SUMS: what is missing, changed or new is found, and sha256sum reads the file too."""

import shutil
import subprocess
from pathlib import Path

import pytest

from npuport.base.errors import PortError
from npuport.release import sums


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    (tmp_path / "deep").mkdir()
    (tmp_path / "a b.txt").write_bytes(b"one")
    (tmp_path / "deep/ü.bin").write_bytes(b"\0two")
    listed = {name: sums.digest((tmp_path / name).read_bytes()) for name in ("a b.txt", "deep/ü.bin")}
    (tmp_path / sums.NAME).write_bytes(sums.format_sums(listed))
    return tmp_path


def test_whole(bundle: Path) -> None:
    assert sums.differences(bundle) == []
    if shutil.which("sha256sum"):
        subprocess.run(["sha256sum", "--check", "--strict", sums.NAME], cwd=bundle, check=True)


def test_every_difference_is_named(bundle: Path) -> None:
    (bundle / "a b.txt").write_bytes(b"0ne")
    (bundle / "deep/ü.bin").unlink()
    (bundle / "torch.py").touch()
    assert sums.differences(bundle) == [
        "a b.txt: changed",
        "deep/ü.bin: missing",
        "torch.py: not in SHA256SUMS",
    ]


def test_a_link_does_not_stand_for_a_file(bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    shutil.move(bundle / "deep", elsewhere / "deep")
    (bundle / "deep").symlink_to(elsewhere / "deep")
    assert "deep/ü.bin: a link" in sums.differences(bundle)


def test_bytecode_is_reported_because_it_runs_in_place_of_its_source(bundle: Path) -> None:
    (bundle / "deep/__pycache__").mkdir()
    (bundle / "deep/__pycache__/x.pyc").touch()
    (found,) = sums.differences(bundle)
    assert found.startswith("deep/__pycache__/x.pyc: bytecode")
    assert found.endswith("remove it")


def test_files_that_the_bundles_own_scripts_write_do_not_count(bundle: Path) -> None:
    (bundle / "verify.json").touch()
    (bundle / "benchmark.json").touch()
    assert sums.differences(bundle) == []


@pytest.mark.parametrize(
    "line", [f"{'0' * 64}  ../x", f"{'0' * 64}  /etc/passwd", f"{'0' * 63}  x", f"{'0' * 64} x", "x"]
)
def test_a_malformed_line_is_refused(bundle: Path, line: str) -> None:
    with (bundle / sums.NAME).open("a") as file:
        file.write(line + "\n")
    with pytest.raises(PortError, match="SHA256SUMS:3"):
        sums.differences(bundle)
