"""The real torch_npu on the simulator in this process, for each directory whose conftest imports this.

Activated while pytest collects, before a module of the directory is imported. Where there is no torch_npu, or
a real CANN is installed, each module is skipped and says why.
"""

import importlib.util
import os
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from npuport import simulator

Run = Callable[..., subprocess.CompletedProcess[str]]


def why_not() -> str:
    """Why the simulator's tests cannot run here; empty when they can."""
    for package in ("torch", "torch_npu"):
        if importlib.util.find_spec(package) is None:
            return f"{package} is not installed"
    found = simulator.real_cann()
    return f"a real CANN is installed: {found}" if found else ""


WHY_NOT = why_not()

if not WHY_NOT:
    DIRECTORY = simulator.ensure_built(progress=lambda line: print(line, file=sys.stderr))
    simulator.activate(DIRECTORY)
    import torch
    import torch_npu  # noqa: F401  # torch leaves it out while pytest collects: see tests/conftest.py


class NotHere(pytest.Module):
    """A test module that is skipped unread."""

    def collect(self) -> list[pytest.Item]:
        """Skip."""
        pytest.skip(WHY_NOT, allow_module_level=True)


def pytest_pycollect_makemodule(module_path: Path, parent: pytest.Collector) -> pytest.Module | None:
    """Leave the modules of this directory unread where they cannot run."""
    return NotHere.from_parent(parent, path=module_path) if WHY_NOT else None


@pytest.fixture(scope="session")
def directory() -> Path:
    """The built simulator."""
    return DIRECTORY


@pytest.fixture
def run(directory: Path) -> Run:
    """Run Python code, or a script, in a child on the simulator: `run(code, SOFTCANN_DEVICES="2")`."""

    def start(code: str | Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        script = [str(code)] if isinstance(code, Path) else ["-c", textwrap.dedent(code)]
        return subprocess.run(
            [sys.executable, "-W", "ignore", *script, *arguments],
            env={**os.environ, **simulator.environment(directory), **variables},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )

    return start


@pytest.fixture(autouse=True)
def settled() -> Iterator[None]:
    """A failure that torch_npu reports late belongs to the test that caused it."""
    yield
    torch.npu.synchronize()
