"""The ladder of the rebase's tests: the stand-in world, built once and copied for each test."""

import shutil
from pathlib import Path

import pytest

from histories import History
from lumen import START
from standin import SERIES
from world import World, make_world


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
