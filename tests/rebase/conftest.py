"""The ladder of the rebase's tests: the stand-in world, built once and copied for each test."""

import shutil
from pathlib import Path

import pytest

from npuport.port.layout import Layout
from npuport.port.lock import read_lock
from worlds.histories import History
from worlds.lumen import START
from worlds.port import git
from worlds.rebase import World, make_world
from worlds.repository import copy_example
from worlds.standin import SERIES


@pytest.fixture(scope="session")
def standin(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("standin")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NPUPORT_CACHE", str(root / "cache"))
        patch.delenv("NPUPORT_MIRROR", raising=False)
        make_world(root)
    shutil.rmtree(root / "cache")
    shutil.rmtree(root / "port/out")
    return root


@pytest.fixture
def world(standin: Path, tmp_path: Path, cache: Path, capsys: pytest.CaptureFixture[str]) -> World:
    root = tmp_path / "world"
    shutil.copytree(standin, root)
    return World(root, capsys, SERIES, History.of(root / "upstream.git", START))


@pytest.fixture(scope="session")
def example(tmp_path_factory: pytest.TempPathFactory) -> Layout:
    """The example, whose upstream has other branches: `worse` has four commits, `torn` one."""
    layout = copy_example(tmp_path_factory.mktemp("example") / "patchtok")
    work = layout.root.parent / "work"
    git(layout.root.parent, "clone", "--quiet", str(layout.out / "upstream.git"), str(work))
    pin = read_lock(layout.lock).commit

    def write(branch: str, *edits: tuple[str, str, str]) -> None:
        git(work, "checkout", "--quiet", "-B", branch, pin)
        for path, old, new in edits:
            text = (work / path).read_text()
            assert old in text
            (work / path).write_text(text.replace(old, new))
            git(work, "commit", "--quiet", "--all", "-m", f"Say {new.strip()}")
        git(work, "push", "--quiet", "origin", branch)

    worse = 'self.decoder(latents) * (1.0 if latents.device.type == "cpu" else 1.01)'
    write(
        "worse",
        ("README.md", "patchtok", "patch-tok"),
        ("patchtok/model.py", "self.decoder(latents)", worse),
        ("README.md", "patch-tok", "patch tok"),
        ("README.md", "patch tok", "patchtok"),
    )
    write("torn", ("patchtok/seeding.py", "torch.cuda.manual_seed_all(seed)", "torch.cuda.seed_all()"))
    return layout
