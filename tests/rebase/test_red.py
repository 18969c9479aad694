"""Parity that is not a pass keeps the new port from being published, until the user decides otherwise."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from npuport.cli import main
from npuport.port.layout import Layout
from npuport.port.lock import read_lock
from worlds.port import start_npuport


@pytest.mark.slow
def test_red_waits_for_a_decision(example: Layout, tmp_path: Path) -> None:
    """On branch `worse` upstream's decoder is 1% off wherever it runs on another device than the CPU."""
    port = Layout(tmp_path / "port")
    shutil.copytree(example.root, port.root, symlinks=True, ignore=shutil.ignore_patterns("trees", "ported"))

    def npuport(*words: str) -> tuple[int, Any]:
        process = start_npuport("--port", port.root, *words, "--json")
        answer, _ = process.communicate(timeout=300)
        return process.returncode, json.loads(answer)

    before = {path: path.read_bytes() for path in (port.lock, *port.patches.iterdir())}
    code, answer = npuport("rebase", "--to", "worse", "--parity", "tiny")
    assert (code, answer.get("published")) == (1, False), answer
    assert (answer["before"]["verdict"], answer["after"]["verdict"]) == ("pass", "fail")
    assert any("decode" in name for name in answer["after"]["red"])
    assert answer["decisions"] == ["parity of the new port: fail; --continue --no-parity accepts it"]
    assert {path: path.read_bytes() for path in before} == before
    assert npuport("rebase", "--status")[1]["decisions"] == answer["decisions"]
    candidate = Layout(Path(answer["session"]) / "port")
    assert main(["--port", str(candidate.root), "verify"]) == 0, "the new port is a port like any other"
    code, answer = npuport("rebase", "--continue", "--no-parity")
    assert (code, answer["published"], answer["after"]) == (0, True, None)
    assert read_lock(port.lock).commit == answer["new"]["commit"]["id"]
    assert npuport("verify")[0] == 0
