"""Running the parity suite as a user does, on a tree with a fault in it."""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from npuport.base.places import HARNESS


@dataclass(frozen=True)
class Judged:
    """A finished `npuport parity`."""

    code: int
    answer: dict[str, Any]
    results: dict[str, Any]
    said: str

    @property
    def bad(self) -> set[str]:
        """What is not a pass: entry points, and the other checks by their names."""
        return {
            result["entry"] or result["id"] for result in self.results["results"] if result["word"] != "pass"
        }

    @property
    def good(self) -> set[str]:
        """What passed throughout."""
        return {result["entry"] or result["id"] for result in self.results["results"]} - self.bad

    def reasons(self, name: str) -> str:
        """Why an entry point or a check is not a pass."""
        found = [result for result in self.results["results"] if name in (result["entry"], result["id"])]
        return "\n".join(result["reason"] for result in found)


def npuport(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """`python -m npuport ...`, of this work tree."""
    path = os.pathsep.join([str(HARNESS / "tools"), os.environ.get("PYTHONPATH", "")])
    return subprocess.run(
        [sys.executable, "-m", "npuport", *words],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1", **environment},
    )


def parity(port: Path, report: Path, *words: str, **environment: str) -> Judged:
    """`npuport parity` on the simulator: of a checkpoint, or at size tiny."""
    size = () if "--weights" in words else ("--size", "tiny")
    told = ("--json", "--device", "sim", *size, "--report", str(report))
    done = npuport("--port", str(port), "parity", *told, *words, **environment)
    assert (report / "results.json").is_file(), done.stdout + done.stderr
    return Judged(
        done.returncode,
        json.loads(done.stdout),
        json.loads((report / "results.json").read_text()),
        done.stderr,
    )


def copy_of(tree: Path, directory: Path, *edits: tuple[str, str, str]) -> Path:
    """A copy of a tree with edits: file, text that must be there once, text in its place."""
    shutil.copytree(tree.resolve(), directory, symlinks=True)
    for name, old, new in edits:
        text = (directory / name).read_text()
        assert text.count(old) == 1, f"{name}: {old!r} stands there {text.count(old)} times"
        (directory / name).write_text(text.replace(old, new))
    return directory
