"""The bootstrap uses an installed torch and torch_npu that import, as beside a real CANN."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from npuport import simulator
from npuport.base.places import HARNESS

FILES = ("pyproject.toml", "constraints.txt", "LICENSE", "NOTICE", "README.md", "tools/bootstrap.py")


@pytest.mark.slow
def test_installed_torch_npu_is_used_and_none_is_installed(directory: Path, tmp_path: Path) -> None:
    for name in FILES:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(HARNESS / name, tmp_path / name)
    (tmp_path / "tools" / "npuport").mkdir()
    (tmp_path / "tools" / "npuport" / "__init__.py").touch()
    environment = {**os.environ, **simulator.environment(directory)}

    made = subprocess.run(
        [sys.executable, "tools/bootstrap.py", "npu"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
    )

    assert made.returncode == 0, made.stderr
    assert "with the torch and torch_npu already installed" in made.stderr
    assert not list(tmp_path.glob(".venv/lib/python3*/site-packages/torch*"))
    asked = subprocess.run(
        [".venv/bin/python", "-c", "import torch; print(torch.npu.get_device_name(0))"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert asked.stdout.splitlines()[-1:] == [simulator.DEVICE_NAME], asked.stderr
