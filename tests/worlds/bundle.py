"""A small bundle of the example, made by hand: only the files that its scripts need."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from npuport.base.places import HARNESS
from npuport.port.layout import Layout
from npuport.release.contents import harness_files

EXAMPLE = Layout(HARNESS / "examples" / "patchtok")
SCRIPTS = HARNESS / "tools" / "npuport" / "release" / "scripts"


def make_bundle(directory: Path, tree: Path) -> Path:
    """A bundle's directory: the tree's source, the scripts, the harness, two results."""
    directory.mkdir()
    for name in ("LICENSE", "patchtok", "assets"):
        source = tree / name
        (shutil.copytree if source.is_dir() else shutil.copy)(source, directory / name)
    for script in (*SCRIPTS.glob("*.py"), EXAMPLE.release / "inference.py"):
        shutil.copy(script, directory / script.name)
    for name, data in harness_files().items():
        path = directory / "eval" / "harness" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    shutil.copy(EXAMPLE.adapter, directory / "eval" / "adapter.py")
    (directory / "results").mkdir()
    (directory / "results" / "parity.json").write_text(json.dumps({"port": {"pin": "0" * 40}}))
    (directory / "results" / "benchmark.json").write_text(json.dumps({"size": "tiny"}))
    write_sums(directory)
    return directory


def write_sums(directory: Path) -> None:
    """Write SHA256SUMS of all files."""
    lines = [
        f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.relative_to(directory).as_posix()}\n"
        for path in sorted(directory.rglob("*"))
        if path.is_file() and path.name != "SHA256SUMS" and "__pycache__" not in path.parts
    ]
    (directory / "SHA256SUMS").write_text("".join(lines))


def edit(path: Path, old: str, new: str) -> None:
    """Replace a text that stands in a file once."""
    text = path.read_text()
    assert text.count(old) == 1, f"{path}: {old!r} is in it {text.count(old)} times"
    path.write_text(text.replace(old, new))


def run_script(
    bundle: Path, name: str, *words: str | Path, simulated: bool, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run a script of the bundle without npuport in the environment; on the simulator or the CPU."""
    clean = {
        key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "NPUPORT", "TORCH_"))
    }
    if simulated:
        from npuport import simulator

        clean |= simulator.environment(simulator.ensure_built(print))
        clean["PYTHONPATH"] = clean["PYTHONPATH"].split(os.pathsep)[0]  # the simulator's, not the harness's
    return subprocess.run(
        [sys.executable, bundle / name, *words],
        capture_output=True,
        text=True,
        cwd=bundle.parent,
        env={**clean, **environment},
        check=False,
    )


def answer(path: Path) -> dict[str, Any]:
    """A JSON object that a script wrote."""
    found: dict[str, Any] = json.loads(path.read_bytes())
    return found
