"""bootstrap.py makes the environment once, with what a target needs, and never with a CUDA build of torch."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from npuport.base.places import HARNESS

FILES = ("pyproject.toml", "constraints.txt", "LICENSE", "NOTICE", "tools/bootstrap.py")


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """The files of this repository that the bootstrap reads."""
    for name in FILES:
        target = tmp_path / "repository" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes((HARNESS / name).read_bytes())
    package = tmp_path / "repository" / "tools" / "npuport"
    package.mkdir()
    (package / "__init__.py").touch()
    (tmp_path / "repository" / "README.md").touch()
    return tmp_path / "repository"


def bootstrap(repository: Path, profile: str, **environment: str) -> subprocess.CompletedProcess[str]:
    base = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    return subprocess.run(
        [sys.executable, "tools/bootstrap.py", profile],
        cwd=repository,
        env={**base, **environment},
        capture_output=True,
        text=True,
    )


@pytest.fixture
def cuda_index(tmp_path: Path) -> str:
    """A package index whose torch asks for CUDA, as PyPI's does on x86-64."""
    version = next(
        line for line in (HARNESS / "constraints.txt").read_text().split() if line.startswith("torch==")
    )
    version = version.partition("==")[2]
    directory = tmp_path / "index" / "torch"
    directory.mkdir(parents=True)
    name = f"torch-{version}"
    metadata = f"Metadata-Version: 2.1\nName: torch\nVersion: {version}\nRequires-Dist: nvidia-cublas\n"
    with zipfile.ZipFile(directory / f"{name}-py3-none-any.whl", "w") as wheel:
        wheel.writestr(f"{name}.dist-info/METADATA", metadata)
        wheel.writestr(
            f"{name}.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        wheel.writestr(f"{name}.dist-info/RECORD", "")
    (directory / "index.html").write_text(f'<a href="{name}-py3-none-any.whl">{name}-py3-none-any.whl</a>')
    return directory.parent.as_uri()


def test_wrong_usage_is_reported(repository: Path) -> None:
    done = bootstrap(repository, "everything")

    assert done.returncode == 2
    assert done.stderr == "usage: bootstrap.py port|npu|release|docs|dev\n"


@pytest.mark.slow
def test_a_second_run_does_nothing(repository: Path) -> None:
    first = bootstrap(repository, "port")
    assert first.returncode == 0, first.stderr
    made = (repository / ".venv" / ".npuport-port").stat().st_mtime_ns

    second = bootstrap(repository, "port")

    assert (second.returncode, second.stdout, second.stderr) == (0, "", "")
    assert (repository / ".venv" / ".npuport-port").stat().st_mtime_ns == made
    listed = subprocess.run([".venv/bin/pip", "list"], cwd=repository, capture_output=True, text=True).stdout
    assert "GitPython" in listed
    assert not any(line.startswith("torch") for line in listed.splitlines())


@pytest.mark.slow
def test_a_cuda_build_is_refused_before_it_is_downloaded(repository: Path, cuda_index: str) -> None:
    done = bootstrap(
        repository, "npu", NPUPORT_TORCH_INDEX=cuda_index, PIP_CONFIG_FILE=os.devnull, PIP_FIND_LINKS=""
    )

    assert done.returncode == 1
    error, hint = done.stderr.splitlines()[-2:]
    assert error.startswith("error: the package index offers only a CUDA build of torch==")
    assert hint.startswith("hint: make with NPUPORT_TORCH_INDEX=")
    assert not list(repository.glob(".venv/lib/python3*/site-packages/torch*"))
