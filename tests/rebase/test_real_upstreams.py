"""Rebases of the ports in this repository: VTP's, over all of its history, and the bundled example's."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from npuport import cli
from npuport.base.places import HARNESS
from npuport.port.layout import Layout
from npuport.port.lock import read_lock
from worlds.repository import EXAMPLE, fetched

FIRST = "6fa4e19a9e43e9f59f171b7903e0ef18c249158a"
SEEDING = "patchtok/seeding.py"


class Ported:
    """A copy of a port, and its command line."""

    def __init__(self, source: Path, root: Path, capture: pytest.CaptureFixture[str]) -> None:
        root.mkdir()
        self.layout = Layout(root)
        self.capture = capture
        for name in ("upstream.lock", "adapter.py", "CHANGELOG.md"):
            if (source / name).exists():
                shutil.copy(source / name, root)
        shutil.copytree(source / "patches", root / "patches")

    def __call__(self, *words: str) -> tuple[int, dict[str, Any]]:
        """Run a command."""
        self.capture.readouterr()
        code = cli.main(["--port", str(self.layout.root), *words, "--json"])
        return code, json.loads(self.capture.readouterr().out)

    @property
    def patches(self) -> dict[str, bytes]:
        """The patches by name."""
        return {path.name: path.read_bytes() for path in sorted(self.layout.patches.glob("*.patch"))}


@pytest.fixture
def vtp_port(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Ported:
    """VTP's port, in a directory of its own; the cache is the repository's."""
    fetched()
    return Ported(HARNESS, tmp_path / "vtp", capsys)


@pytest.mark.network
def test_vtp_from_its_first_commit_and_back(vtp_port: Ported) -> None:
    """All its Python came with the first commit: nothing has to move."""
    before, lock = vtp_port.patches, vtp_port.layout.lock.read_bytes()
    newest = read_lock(vtp_port.layout.lock).commit

    code, back = vtp_port("rebase", "--to", FIRST)
    assert code == 1, "the licence was another one then"
    assert back["license"]["diff"]
    code, back = vtp_port("rebase", "--continue", "--accept-license")
    assert (code, back["published"]) == (0, True), back
    assert back["history"]
    assert read_lock(vtp_port.layout.lock).commit == FIRST
    assert vtp_port("verify")[0] == 0

    code, dry = vtp_port("rebase", "--to", newest, "--dry-run", "--accept-license")
    assert [verdict["kind"] for verdict in dry["verdicts"]] == ["clean"] * 3
    code, data = vtp_port("rebase", "--to", newest, "--accept-license")
    assert (code, data["published"]) == (0, True), data
    assert [verdict["kind"] for verdict in data["verdicts"]] == ["clean"] * 3
    assert len(data["log"]) == 15
    assert data["log"][0]["id"] == newest
    assert data["history"] == ""
    assert data["license"]["path"] == "LICENSE"
    assert data["license"]["new"] == read_lock(HARNESS / "upstream.lock").license_sha256
    assert data["api"] == []
    assert data["assumptions"] == []
    assert vtp_port.patches == before
    assert vtp_port.layout.lock.read_bytes() == lock
    assert vtp_port("verify")[0] == 0
    assert vtp_port("refresh", "--check")[0] == 0
    assert vtp_port("rebase", "--to", newest)[1]["changed"] is False


@pytest.mark.network
def test_vtp_is_up_to_date_or_says_what_is_new(vtp_port: Ported) -> None:
    code, data = vtp_port("rebase", "--latest", "--dry-run")
    assert code in (0, 1)
    assert data["changed"] == (data["new"]["commit"]["id"] != read_lock(vtp_port.layout.lock).commit)


@pytest.fixture
def example(tmp_path: Path, cache: Path, capsys: pytest.CaptureFixture[str]) -> Ported:
    port = Ported(EXAMPLE, tmp_path / "patchtok", capsys)
    target = port.layout.out / "upstream.git"
    subprocess.run([sys.executable, EXAMPLE / "make_upstream.py", target], check=True, capture_output=True)
    return port


def test_example_from_one_release_to_the_next(example: Ported) -> None:
    """Upstream moved a file, took a patch, and changed the lines of another, the first in the series."""
    before, lock = example.patches, example.layout.lock.read_bytes()
    seed, tables, rebuild = before
    code, data = example("rebase", "--to", "v0.3.0", "--dry-run")
    assert (code, data["verdicts"][0]["kind"]) == (1, "conflict")
    assert example.layout.lock.read_bytes() == lock

    code, data = example("rebase", "--to", "v0.3.0")
    (verdict,) = data["verdicts"]
    assert (code, verdict["patch"], verdict["kind"]) == (1, seed, "conflict")
    (culprit,) = {clash["culprit"]["subject"] for clash in verdict["clashes"]}
    assert culprit == "Seed the GPU only where there is one"
    assert {clash["path"] for clash in verdict["clashes"]} == {SEEDING}
    assert data["waiting"] == [tables, rebuild]
    assert len(data["log"]) == 3

    tree = example.layout.out / "rebase/session/tree"
    upstreams = subprocess.run(["git", "show", f"HEAD:{SEEDING}"], cwd=tree, capture_output=True, check=True)
    guard = b"        torch.cuda.manual_seed_all(seed)\n"
    assert upstreams.stdout.count(guard) == 1
    npu = b"    if torch.npu.is_available():\n        torch.npu.manual_seed_all(seed)\n"
    (tree / SEEDING).write_bytes(upstreams.stdout.replace(guard, guard + npu))

    code, data = example("rebase", "--continue")
    assert (code, data["published"]) == (0, True), data
    one, two, three = data["verdicts"]
    assert (one["kind"], two["kind"], three["kind"]) == ("resolved", "upstreamed", "renamed")
    assert two["commit"]["subject"] == "Build the rotary tables on the model's device"
    moved = {rename["old"]: rename["new"] for rename in three["renames"]}
    assert moved == {"tools/rebuild.py": "scripts/rebuild.py"}
    assert three["renames"][0]["commit"]["subject"] == "Move the scripts to scripts/"
    assert len(example.patches) == 2
    assert example("verify")[0] == 0
    assert example("port")[0] == 0
    assert npu in (example.layout.ported / SEEDING).read_bytes()
    assert example("rebase", "--latest")[1]["changed"] is False


def test_example_skipped_and_aborted(example: Ported) -> None:
    before, lock = example.patches, example.layout.lock.read_bytes()
    example("rebase", "--latest")
    assert example("rebase", "--abort")[1]["aborted"]
    assert (example.patches, example.layout.lock.read_bytes()) == (before, lock)
    example("rebase", "--latest")
    code, data = example("rebase", "--skip")
    assert (code, data["published"]) == (0, True), data
    assert [verdict["kind"] for verdict in data["verdicts"]] == ["skipped", "upstreamed", "renamed"]
    assert example("verify")[0] == 0
