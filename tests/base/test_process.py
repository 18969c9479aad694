"""Child processes: what they see, what they answer, how they end."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from npuport.base import process
from npuport.base.places import TOOLS
from worlds.port import heed_interrupts
from worlds.processes import ends

# The environment


def test_a_child_imports_our_npuport_whatever_the_current_directory_holds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "json.py").write_text("raise SystemExit('the wrong json')")
    (tmp_path / "other" / "npuport").mkdir(parents=True)
    (tmp_path / "other" / "npuport" / "__init__.py").write_text("")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "other"))
    monkeypatch.chdir(tmp_path)

    done = process.run(
        process.python("-c", "import json, npuport; print(npuport.__file__)"),
        environment=process.environment(),
    )

    assert done.err == ""
    assert Path(done.out.strip()).parent == TOOLS / "npuport"


def test_a_callers_path_comes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", "/users")

    assert process.environment()["PYTHONPATH"] == f"{TOOLS}{os.pathsep}/users"
    named = process.environment({"PYTHONPATH": "/startup:/users", "NAME": "value"})
    assert named["PYTHONPATH"] == f"/startup:/users{os.pathsep}{TOOLS}"
    assert (named["NAME"], named["TQDM_DISABLE"]) == ("value", "1")


# run


def test_run_returns_both_streams_and_the_code() -> None:
    code = "import sys; print(sys.stdin.read()); print('bad', file=sys.stderr); sys.exit(3)"
    done = process.run(process.python("-c", code), stdin="asked")

    assert (done.code, done.out, done.err, done.last_line) == (3, "asked\n", "bad\n", "bad")


@pytest.mark.parametrize(
    ("done", "line"),
    [
        (process.Ended(1, "out", "first\nlast\n\n"), "last"),
        (process.Ended(1, "out\n", " \n"), "out"),
        (process.Ended(1, "", ""), "it ended with code 1"),
        (process.Ended(-9, "", ""), "it was killed by signal 9"),
    ],
    ids=["stderr", "stdout", "code", "signal"],
)
def test_the_last_line_says_most(done: process.Ended, line: str) -> None:
    assert done.last_line == line


def test_a_program_that_is_missing_is_one_line() -> None:
    with pytest.raises(process.ProcessError, match=r"^/no/such does not run: No such file or directory$"):
        process.run(["/no/such"])


def test_a_late_program_is_killed_with_its_own_children(tmp_path: Path) -> None:
    number = tmp_path / "number"
    with pytest.raises(process.ProcessError, match=r"gave no answer in 0\.5 s"):
        process.run(["sh", "-c", f"sleep 60 & echo $! > {number}; wait"], seconds=0.5)
    assert ends(int(number.read_text()))


# stream


def test_stream_shows_and_logs_both_streams(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    code = "import sys; print('one', flush=True); print('two', file=sys.stderr); sys.exit(5)"
    log = tmp_path / "log.txt"

    assert process.stream(process.python("-c", code), environment=process.environment(), log=log) == 5
    assert log.read_text() == "one\ntwo\n"
    assert capfd.readouterr() == ("", "one\ntwo\n")


def test_an_interrupt_is_waited_for(tmp_path: Path) -> None:
    """Ctrl-C in a terminal reaches both processes; the parent lets the child finish its last line."""
    child = tmp_path / "child.py"
    child.write_text(
        "import time\nprint('ready', flush=True)\n"
        "try:\n    time.sleep(60)\nexcept KeyboardInterrupt:\n    time.sleep(0.5)\n    print('cleaned up')\n"
    )
    parent = (
        "import sys\nfrom pathlib import Path\nfrom npuport.base import process\n"
        f"process.stream(process.python({str(child)!r}), environment=process.environment(), "
        f"log=Path({str(tmp_path / 'log')!r}))"
    )
    with subprocess.Popen(
        [sys.executable, "-c", parent],
        env=process.environment(),
        stderr=subprocess.PIPE,
        start_new_session=True,
        preexec_fn=heed_interrupts,
    ) as running:
        assert running.stderr is not None
        assert running.stderr.readline() == b"ready\n"
        os.killpg(running.pid, signal.SIGINT)
        assert running.wait(timeout=30) != 0
