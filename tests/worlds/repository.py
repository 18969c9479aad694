"""The two ports of this repository: VTP's, whose upstream may be out of reach, and the bundled example."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from npuport.base.errors import PortError
from npuport.base.places import HARNESS
from npuport.port.layout import Layout
from npuport.port.lock import Lock, read_lock
from npuport.port.upstream import ensure

VTP = Layout(HARNESS)
EXAMPLE = HARNESS / "examples" / "patchtok"


def fetched(lock: Lock | None = None) -> Path:
    """VTP's upstream, or another that a lock names, with the pin; skips the test where it is out of reach."""
    try:
        return ensure(VTP, lock or read_lock(VTP.lock))
    except PortError as error:
        pytest.skip(f"upstream is out of reach: {error.message}")


def copy_example(directory: Path) -> Layout:
    """A copy of the example with its upstream; nothing is ported, nothing has run."""
    shutil.copytree(EXAMPLE, directory, ignore=shutil.ignore_patterns("out", "dist", "__pycache__"))
    subprocess.run([sys.executable, directory / "make_upstream.py"], check=True, capture_output=True)
    return Layout(directory)
