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
from npuport.suite.results import Results, read_results


@dataclass(frozen=True)
class Judged:
    """A finished `npuport parity`."""

    code: int
    answer: dict[str, Any]
    results: Results
    stderr: str

    @property
    def bad(self) -> set[str]:
        """Entry points, and names of the other checks, that did not pass."""
        return {
            result["entry"] or result["id"] for result in self.results["results"] if result["word"] != "pass"
        }

    @property
    def good(self) -> set[str]:
        """Entry points, and names of the other checks, that passed in every case."""
        return {result["entry"] or result["id"] for result in self.results["results"]} - self.bad

    def reasons(self, name: str) -> str:
        """Why an entry point or a check is not a pass."""
        results = [result for result in self.results["results"] if name in (result["entry"], result["id"])]
        return "\n".join(result["reason"] for result in results)


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
    options = ("--json", "--device", "sim", *size, "--report", str(report))
    done = npuport("--port", str(port), "parity", *options, *words, **environment)
    assert (report / "results.json").is_file(), done.stdout + done.stderr
    return Judged(
        done.returncode,
        json.loads(done.stdout),
        read_results(report / "results.json"),
        done.stderr,
    )


def copy_of(tree: Path, directory: Path, *edits: tuple[str, str, str]) -> Path:
    """A copy of a tree with edits: file, old text (which it contains once), new text."""
    shutil.copytree(tree.resolve(), directory, symlinks=True)
    for name, old, new in edits:
        text = (directory / name).read_text()
        assert text.count(old) == 1, f"{name}: {old!r} occurs {text.count(old)} times"
        (directory / name).write_text(text.replace(old, new))
    return directory
