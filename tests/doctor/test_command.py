"""`npuport doctor` in real environments: it reports what is missing, and ends with no traceback."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from npuport.base.places import HARNESS
from npuport.doctor import Way, judge, render
from npuport.doctor.check import Check, State
from worlds.machine import bin_with, package

NAMES = {
    *("Python", "git", "make", "torch", "torch_npu", "transformers", "upstream", "cache, disk"),
    *("CANN", "driver", "devices", "NPU", "compiler", "CMake", "simulator"),
}


@pytest.fixture
def site(tmp_path: Path) -> str:
    """A site directory with a torch that imports at once, and with npuport."""
    version = "class version:\n    cuda = hip = None\n__version__ = '2.13.0+cpu'\n"
    package(tmp_path / "site", "torch", "2.13.0+cpu", version)
    return os.pathsep.join([str(tmp_path / "site"), str(HARNESS / "tools")])


def doctor(*arguments: str, cwd: Path = HARNESS, **environment: str) -> subprocess.CompletedProcess[str]:
    """The command as a user runs it, with few variables of this process: its own, and that of coverage."""
    names = ("PATH", "HOME", "NPUPORT_CACHE", "COVERAGE_PROCESS_CONFIG")
    seen = {name: os.environ[name] for name in names if name in os.environ}
    return subprocess.run(
        [sys.executable, "-m", "npuport", "doctor", *arguments],
        capture_output=True,
        text=True,
        cwd=cwd,
        env={**seen, "PYTHONPATH": str(HARNESS / "tools"), **environment},
    )


# The whole command


def test_json_has_every_line_and_agrees_with_the_exit_code() -> None:
    done = doctor("--json", "--offline")
    told = json.loads(done.stdout)
    assert {line["name"] for line in told["findings"]} == NAMES
    assert all(line["state"] in ("good", "missing", "wrong") for line in told["findings"])
    assert all(line["hint"] for line in told["findings"] if line["state"] != "good")
    faults = [line for line in told["findings"] if line["state"] != "good" and not line["optional"]]
    assert told["ready"] == (not faults) == (done.returncode == 0)


def test_empty_machine_gets_every_hint_and_no_traceback(tmp_path: Path, site: str) -> None:
    (tmp_path / "bin").mkdir()
    done = doctor("--json", "--offline", cwd=tmp_path, PATH=str(tmp_path / "bin"), PYTHONPATH=site)
    states = {line["name"]: line["state"] for line in json.loads(done.stdout)["findings"]}
    assert done.returncode == 1
    assert "Traceback" not in done.stdout + done.stderr
    assert [states[name] for name in ("git", "make", "compiler", "upstream", "simulator")] == ["missing"] * 5


def test_piped_output_is_plain_text(tmp_path: Path, site: str) -> None:
    done = doctor("--offline", cwd=tmp_path, PATH=bin_with(tmp_path / "bin", "git"), PYTHONPATH=site)
    assert "\x1b" not in done.stdout
    assert re.search(r"^good +git +\d", done.stdout, re.MULTILINE)
    assert re.search(r"^missing +make +no make on PATH\n +hint: \S", done.stdout, re.MULTILINE)
    assert done.stdout.splitlines()[-1].startswith("not ready for `make test-npu`: make")


# Which way is open


def line(name: str, state: State = "good", optional: bool = False) -> Check:
    return Check(name, state, "", "", optional)


@pytest.mark.parametrize(
    ("npu", "compiler", "simulator", "device", "faults"),
    [
        ("good", "good", "good", "npu", []),
        ("good", "missing", "missing", "npu", []),
        ("missing", "good", "missing", "sim", []),
        ("missing", "missing", "good", "sim", []),
        ("missing", "missing", "missing", None, ["compiler"]),
    ],
    ids=["both", "npu-alone", "simulator-to-be-built", "simulator-built", "neither"],
)
def test_one_way_to_a_device_is_enough(
    npu: State, compiler: State, simulator: State, device: str | None, faults: list[str]
) -> None:
    built = line("simulator", simulator, optional=simulator != "good")
    lines = (Way.BOTH, line("git")), (Way.NPU, line("CANN", npu)), (Way.SIMULATOR, line("compiler", compiler))
    diagnosis = judge((*lines, (Way.SIMULATOR, built)))
    assert (diagnosis.device, [fault.name for fault in diagnosis.faults]) == (device, faults)
    assert diagnosis.ready == (not faults)


def test_open_way_does_not_make_up_for_git() -> None:
    diagnosis = judge(((Way.BOTH, line("git", "wrong")), (Way.NPU, line("CANN"))))
    assert not diagnosis.ready
    assert render.summary(diagnosis) == "not ready for `make test-npu`: git"


def test_terminal_gets_a_table_that_fits() -> None:
    told = (Way.BOTH, Check("git", "missing", "word " * 60, "sudo apt-get install git"))
    table = render.table(judge((told,)), 60)
    bare = re.sub(r"\x1b\[[0-9;]*m", "", table)
    assert bare != table
    assert "hint: sudo apt-get install git" in bare
    assert max(map(len, bare.splitlines())) <= 60
