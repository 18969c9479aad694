"""Where npuport keeps its cache, in a clone of its repository and installed as a wheel."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from npuport.base import places


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """A site-packages directory that holds npuport."""
    site = tmp_path / "lib" / "site-packages"
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(places.TOOLS / "npuport" / "base", site / "npuport" / "base", ignore=ignored)
    (site / "npuport" / "__init__.py").write_text("")
    return site


def cache_of(site: Path, **variables: str) -> str:
    code = "from npuport.base import places; print(places.IN_REPOSITORY, places.cache_dir())"
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(site), "HOME": "/home/user", **variables}
    command = [sys.executable, "-c", code]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout


def test_a_clone_keeps_its_cache_in_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NPUPORT_CACHE", raising=False)
    assert places.IN_REPOSITORY
    assert places.cache_dir() == places.HARNESS / ".cache"
    assert b"Apache License" in places.licence()


@pytest.mark.parametrize(
    ("variables", "cache"),
    [
        ({}, "/home/user/.cache/npuport"),
        ({"XDG_CACHE_HOME": "/caches"}, "/caches/npuport"),
        ({"XDG_CACHE_HOME": "relative"}, "/home/user/.cache/npuport"),
        ({"XDG_CACHE_HOME": "/caches", "NPUPORT_CACHE": "/named"}, "/named"),
    ],
    ids=["home", "XDG", "a relative XDG is ignored", "NPUPORT_CACHE"],
)
def test_a_wheel_keeps_its_cache_at_home(installed: Path, variables: dict[str, str], cache: str) -> None:
    assert cache_of(installed, **variables) == f"False {cache}\n"
