"""Whole rounds, in processes of their own, of a model that fails in every way."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from npuport.base.errors import PortError
from npuport.base.places import HARNESS
from npuport.bench.plan import BenchPlan, RunKey
from npuport.bench.rounds import BenchTarget, Measured, measure
from npuport.release.contents import harness_files
from worlds.port import heed_interrupts
from worlds.processes import children, ends

TOY = Path(__file__).parent / "toy"
WITHOUT_NPU = {"TORCH_DEVICE_BACKEND_AUTOLOAD": "0"}
SCHEMA = json.loads((HARNESS / "docs" / "bench.schema.json").read_text(encoding="utf-8"))


def _target() -> BenchTarget:
    return BenchTarget(TOY, TOY / "adapter.py", "cpu", None, WITHOUT_NPU)


@pytest.fixture(scope="module")
def toy(tmp_path_factory: pytest.TempPathFactory) -> tuple[Measured, str, list[str]]:
    """One round of everything: what it returned, what the children wrote, the lines of progress."""
    plan = BenchPlan(
        "tiny", dtypes=("float32", "float16"), batches=(1, 2, 4), rounds=1, seconds=0.01, iterations=3
    )
    log = tmp_path_factory.mktemp("toy") / "log.txt"
    lines: list[str] = []
    with log.open("w") as stream:
        found = measure(_target(), plan, stream, lines.append)
    return found, log.read_text(), lines


def _states(found: Measured, entry: str, dtype: str) -> list[str]:
    return [found.visits[RunKey(entry, dtype, batch)][0]["state"] for batch in (1, 2, 4)]


def test_every_run_is_visited(toy: tuple[Measured, str, list[str]]) -> None:
    found, log, lines = toy
    assert len(found.visits) == 5 * 2 * 3
    assert _states(found, "double", "float32") == ["measured"] * 3
    assert "upstream prints" in log  # and nothing of it among the answers
    assert sum("double" in line for line in lines) == 6


def test_a_missing_kernel_refuses_its_runs_only(toy: tuple[Measured, str, list[str]]) -> None:
    found, _, _ = toy
    assert _states(found, "whole", "float32") == ["measured"] * 3
    visit = found.visits[RunKey("whole", "float16", 1)][0]
    assert (visit["state"], visit["reason"]) == ("refused", "RuntimeError: no kernel for Half")


def test_memory_ends_a_sweep_with_the_reason(toy: tuple[Measured, str, list[str]]) -> None:
    found, _, _ = toy
    assert _states(found, "greedy", "float32") == ["measured", "measured", "ended"]
    assert "2 items are all that fit" in found.visits[RunKey("greedy", "float32", 4)][0]["reason"]


def test_a_process_that_dies_costs_its_own_run_only(toy: tuple[Measured, str, list[str]]) -> None:
    found, _, _ = toy
    assert _states(found, "deadly", "float32") == ["measured", "refused", "ended"]
    reason = found.visits[RunKey("deadly", "float32", 2)][0]["reason"]
    assert f"signal {int(signal.SIGABRT)}" in reason
    assert "the driver gives up" in reason
    assert _states(found, "all of it", "float16") == ["measured"] * 3


def test_work_and_memory_are_counted(toy: tuple[Measured, str, list[str]]) -> None:
    found, _, _ = toy
    visit = found.visits[RunKey("double", "float32", 4)][0]
    assert visit["flops"] == 2 * 4 * 64 * 32
    assert visit["launch"]["launches"] >= 1
    assert found.facts["weights_bytes"] == 64 * 32 * 4
    assert visit["memory"]["inference_bytes"] == 4 * 32 * 4
    assert (
        visit["memory"]["peak_bytes"] == visit["memory"]["weights_bytes"] + visit["memory"]["inference_bytes"]
    )


def test_an_unknown_size_is_an_error_of_the_user(tmp_path: Path) -> None:
    with (tmp_path / "log.txt").open("w") as log, pytest.raises(PortError, match="no size huge"):
        measure(_target(), BenchPlan("huge", rounds=1), log, lambda _line: None)


def test_bench_runs_from_a_bundles_part_of_npuport_alone(tmp_path: Path) -> None:
    """The part of npuport that is in a bundle, and nothing else of it."""
    for name, data in harness_files().items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    (tmp_path / "npuport" / "bench" / "run.py").unlink()
    out = tmp_path / "results.json"
    words = ["--adapter", str(TOY / "adapter.py"), "--tree", str(TOY), "--device", "cpu", "--size", "tiny"]
    words += ["--entry", "double", "--dtype", "float32", "--batch", "1", "--rounds", "1", "--out", str(out)]
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-m", "npuport.bench", *words],
        env=environment,
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    results: dict[str, Any] = json.loads(out.read_bytes())
    jsonschema.validate(results, SCHEMA)
    assert results["port"] is None
    assert results["runs"][0]["iterations"] >= 50


@pytest.mark.slow
def test_interrupted_it_takes_its_child_along(tmp_path: Path) -> None:
    words = ["--adapter", str(TOY / "adapter.py"), "--tree", str(TOY), "--device", "cpu", "--size", "tiny"]
    command = [sys.executable, "-m", "npuport.bench", *words, "--out", str(tmp_path / "results.json")]
    path = os.pathsep.join([str(HARNESS / "tools"), os.environ.get("PYTHONPATH", "")])
    environment = {**os.environ, "PYTHONPATH": path}
    with subprocess.Popen(
        command, env=environment, stderr=subprocess.PIPE, text=True, preexec_fn=heed_interrupts
    ) as parent:
        assert parent.stderr
        assert "bench of tiny" in parent.stderr.readline()
        started = children(parent.pid)
        assert started
        parent.send_signal(signal.SIGINT)
        parent.stderr.read()
        assert parent.wait(timeout=30) != 0
    assert all(map(ends, started))
    assert not (tmp_path / "results.json").exists()
