"""`patches/series` and the files it names, against each other and against the lock."""

import hashlib
import subprocess
from pathlib import Path

import pytest

from npuport.base.errors import PortError
from npuport.port.build import read_port
from npuport.port.lock import read_lock
from npuport.port.series import check_sums, digest, read_series
from worlds.port import Port


def write(directory: Path, series: str, **files: str) -> Path:
    directory.mkdir()
    (directory / "series").write_text(series)
    for name, text in files.items():
        (directory / f"{name.replace('_', '-').removeprefix('p')}.patch").write_text(text)
    return directory


def test_order_comments_and_blank_lines(tmp_path: Path) -> None:
    directory = write(
        tmp_path / "p", "# the order\n\n0002-b.patch\n  0001-a.patch  \n", p0001_a="A", p0002_b="B"
    )
    assert [patch.name for patch in read_series(directory)] == ["0002-b.patch", "0001-a.patch"]


def test_empty_series(tmp_path: Path) -> None:
    assert read_series(write(tmp_path / "p", "# none\n")) == ()


def test_digest_is_what_sha256sum_gives(tmp_path: Path) -> None:
    directory = write(tmp_path / "p", "0002-b.patch\n0001-a.patch\n", p0001_a="A", p0002_b="B")
    by_hand = subprocess.run(
        "sha256sum $(grep -v '^#' series) | sha256sum",
        shell=True,
        cwd=directory,
        capture_output=True,
        check=True,
    )
    expected = by_hand.stdout.decode().split()[0]
    assert digest(patch.entry for patch in read_series(directory)) == expected


def test_digest_knows_order_names_and_bytes(tmp_path: Path) -> None:
    one = read_series(write(tmp_path / "1", "0001-a.patch\n0002-b.patch\n", p0001_a="A", p0002_b="B"))
    order = read_series(write(tmp_path / "2", "0002-b.patch\n0001-a.patch\n", p0001_a="A", p0002_b="B"))
    names = read_series(write(tmp_path / "3", "0001-a.patch\n0003-b.patch\n", p0001_a="A", p0003_b="B"))
    bytes_ = read_series(write(tmp_path / "4", "0001-a.patch\n0002-b.patch\n", p0001_a="A", p0002_b="b"))
    digests = {digest(patch.entry for patch in series) for series in (one, order, names, bytes_)}
    assert len(digests) == 4
    assert one[0].entry.sha256 == hashlib.sha256(b"A").hexdigest()


BAD = {
    "without a file": ("0001-a.patch\n0002-b.patch\n", {"p0001_a": "A"}, "in the series, but is missing"),
    "not in the series": ("0001-a.patch\n", {"p0001_a": "A", "p0002_b": "B"}, "not in the series"),
    "twice": ("0001-a.patch\n0001-a.patch\n", {"p0001_a": "A"}, "listed twice"),
    "same content": ("0001-a.patch\n0002-b.patch\n", {"p0001_a": "A", "p0002_b": "A"}, "duplicate"),
    "same number": ("0001-a.patch\n0001-b.patch\n", {"p0001_a": "A", "p0001_b": "B"}, "number"),
    "path": ("../0001-a.patch\n", {}, "line 1"),
    "option": ("0001-a.patch\n--exec=x\n", {"p0001_a": "A"}, "line 2"),
    "quilt's strip level": ("0001-a.patch -p1\n", {"p0001_a": "A"}, "line 1"),
}


@pytest.mark.parametrize(("series", "files", "names"), BAD.values(), ids=BAD.keys())
def test_unsound_series_is_refused(tmp_path: Path, series: str, files: dict[str, str], names: str) -> None:
    directory = write(tmp_path / "p", series, **files)
    with pytest.raises(PortError) as caught:
        read_series(directory)
    assert names in caught.value.message
    assert caught.value.hint


def test_missing_series_and_patches_that_are_no_files(tmp_path: Path) -> None:
    with pytest.raises(PortError, match="missing"):
        read_series(tmp_path)
    directory = write(tmp_path / "p", "0001-a.patch\n")
    (directory / "0001-a.patch").symlink_to("/etc/passwd")
    with pytest.raises(PortError, match="not a regular file"):
        read_series(directory)
    (directory / "series").write_bytes(b"\xe4\n")
    with pytest.raises(PortError, match="UTF-8"):
        read_series(directory)


def test_lock_and_series_of_one_port(port: Port) -> None:
    lock, patches = read_port(port.layout)
    check_sums(lock, patches)


def edit_one(patches: Path) -> None:
    path = patches / "0002-patch.patch"
    path.write_bytes(path.read_bytes().replace(b"Because", b"As"))


def swap(patches: Path) -> None:
    (patches / "series").write_text("0002-patch.patch\n0001-patch.patch\n")


def drop(patches: Path) -> None:
    (patches / "series").write_text("0001-patch.patch\n")
    (patches / "0002-patch.patch").unlink()


def add(patches: Path) -> None:
    with (patches / "series").open("a") as series:
        series.write("0003-more.patch\n")
    (patches / "0003-more.patch").write_bytes((patches / "0001-patch.patch").read_bytes() + b"\n")


@pytest.mark.parametrize(
    ("change", "names"),
    [(edit_one, "0002-patch.patch"), (swap, "order"), (drop, "0002-patch.patch"), (add, "0003-more.patch")],
    ids=["edited", "swapped", "dropped", "added"],
)
def test_series_that_the_lock_does_not_name(port: Port, change: object, names: str) -> None:
    change(port.layout.patches)  # type: ignore[operator]
    with pytest.raises(PortError) as caught:
        read_port(port.layout)
    assert names in caught.value.message
    assert "npuport refresh" in caught.value.hint


def test_wrong_digest(port: Port) -> None:
    digest_now = read_lock(port.layout.lock).series_digest
    port.layout.lock.write_text(port.layout.lock.read_text().replace(digest_now, "0" * 64))
    with pytest.raises(PortError, match="digest"):
        read_port(port.layout)
