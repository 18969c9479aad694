"""The suite's plugin leaves torch alone until the device is ready."""

import os
import subprocess
import sys

import pytest

from npuport.base.places import TOOLS


@pytest.mark.parametrize("module", ["plugin", "results", "trust", "run"])
def test_torch_is_not_imported(module: str) -> None:
    """With torch_npu installed and no CANN, importing torch before the simulator is active would fail."""
    code = f"import sys, npuport.suite.{module}; print('torch' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": str(TOOLS)},
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout == "False\n"


@pytest.mark.parametrize("module", ["results", "trust"])
def test_pytest_is_not_needed_to_read_results(module: str) -> None:
    code = f"import sys; sys.modules['pytest'] = None; import npuport.suite.{module}"

    subprocess.run([sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": str(TOOLS)}, check=True)
