"""Child processes: what they see, what they answer, how they end."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from npuport.base import process
from npuport.base.errors import PortError
from npuport.base.places import TOOLS
from worlds.port import heed_interrupts


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The name of a module that answers: it does what the request says."""
    (tmp_path / "answers.py").write_text(
        """
import os, signal, sys, time
from npuport.base.errors import PortError
from npuport.base.process import answering

def job(request, answer):
    print("printed by the job")
    for one in request.get("answers", []):
        answer(one)
    if "error" in request:
        raise PortError(*request["error"])
    if "last" in request:
        print("Traceback (most recent call last):\\n" + request["last"], file=sys.stderr)
    if "kill" in request:
        os.kill(os.getpid(), request["kill"])
    if "stubborn" in request:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    if "sleep" in request:
        answer({"process": os.getpid()})
        time.sleep(request["sleep"])

if __name__ == "__main__":
    sys.exit(answering(job))
"""
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    return "answers"


def gone(number: int) -> bool:
    """Whether a process ends within a few seconds."""
    for _ in range(100):
        state = Path(f"/proc/{number}/stat")
        if not state.exists() or state.read_text().rpartition(")")[2].split()[0] == "Z":
            return True
        time.sleep(0.05)
    return False


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
    assert gone(int(number.read_text()))


# stream


def test_stream_shows_and_logs_both_streams(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    code = "import sys; print('one', flush=True); print('two', file=sys.stderr); sys.exit(5)"
    log = tmp_path / "log.txt"

    assert process.stream(process.python("-c", code), environment=process.environment(), log=log) == 5
    assert log.read_text() == "one\ntwo\n"
    assert capfd.readouterr() == ("", "one\ntwo\n")


# Answers


def test_answers_come_one_by_one_and_prints_go_to_stderr(module: str, tmp_path: Path) -> None:
    request = {"answers": [{"n": 1}, {"n": 2}]}
    with (
        (tmp_path / "errors").open("w") as errors,
        process.start(module, request, errors=errors) as child,
    ):
        assert list(child.answers()) == [{"n": 1}, {"n": 2}]
        assert child.wait() == 0
    assert (tmp_path / "errors").read_text() == "printed by the job\n"


def test_ask_returns_the_answer_of_any_size(module: str) -> None:
    large = {"text": "x" * 300_000}
    assert process.ask(module, {"answers": [large]}) == large


def test_ask_looks_meanwhile(module: str) -> None:
    looks: list[float] = []
    process.ask(module, {"answers": [{}], "sleep": 0.7}, look=lambda: looks.append(time.monotonic()))
    assert len(looks) >= 3


def test_an_error_of_the_child_is_raised_here(module: str) -> None:
    with pytest.raises(PortError, match="too large") as caught:
        process.ask(module, {"error": ["too large", "take less"]})
    assert caught.value.hint == "take less"


@pytest.mark.parametrize(
    ("request_", "line"),
    [
        ({"last": "ValueError: no"}, "ValueError: no"),
        ({"kill": int(signal.SIGKILL)}, "printed by the job"),
    ],
    ids=["it ends", "it is killed"],
)
def test_a_child_without_an_answer_is_an_error(module: str, request_: dict[str, object], line: str) -> None:
    with pytest.raises(process.ProcessError, match=f"^{line}$"):
        process.ask(module, request_)


def test_a_module_that_is_missing_is_an_error() -> None:
    with pytest.raises(process.ProcessError, match="No module named"):
        process.ask("npuport.no_such", {"large": "x" * 300_000})


def test_leaving_ends_the_child_even_one_that_ignores_an_interrupt(module: str, tmp_path: Path) -> None:
    request = {"sleep": 60, "stubborn": True}
    with (
        (tmp_path / "errors").open("w") as errors,
        process.start(module, request, errors=errors) as child,
    ):
        number = next(child.answers())["process"]
    assert gone(number)


def test_the_child_ends_with_a_parent_that_is_killed(module: str, tmp_path: Path) -> None:
    parent = f"""
import sys
from npuport.base import process
with process.start({module!r}, {{"sleep": 60}}, errors=open({str(tmp_path / "errors")!r}, "w")) as child:
    for answer in child.answers():
        print(answer["process"], flush=True)
"""
    with subprocess.Popen(
        [sys.executable, "-c", parent], env=process.environment(), stdout=subprocess.PIPE, text=True
    ) as running:
        assert running.stdout is not None
        number = int(running.stdout.readline())
        running.kill()
    assert gone(number)


def test_a_pipe_that_breaks_ends_the_child_quietly(module: str) -> None:
    done = subprocess.run(
        f"{sys.executable} -m {module} 2>&1 >/dev/full | cat",
        shell=True,
        input=json.dumps({"answers": []}) + "\n",
        env=process.environment(),
        capture_output=True,
        text=True,
    )
    assert "Traceback" not in done.stdout


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
