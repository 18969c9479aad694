"""A module in a child process: its answers, its errors, its end."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from npuport.base.child import ask, start
from npuport.base.errors import PortError
from npuport.base.process import ProcessError, environment
from worlds.processes import ends


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The name of a module that answers: it does what the request says."""
    (tmp_path / "answers.py").write_text(
        """
import os, signal, sys, time
from npuport.base.errors import PortError
from npuport.base.child import answering

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


def test_answers_come_one_by_one_and_prints_go_to_stderr(module: str, tmp_path: Path) -> None:
    request = {"answers": [{"n": 1}, {"n": 2}]}
    with (
        (tmp_path / "errors").open("w") as errors,
        start(module, request, errors=errors) as child,
    ):
        assert list(child.answers()) == [{"n": 1}, {"n": 2}]
        assert child.wait() == 0
    assert (tmp_path / "errors").read_text() == "printed by the job\n"


def test_ask_returns_the_answer_of_any_size(module: str) -> None:
    large = {"text": "x" * 300_000}
    assert ask(module, {"answers": [large]}) == large


def test_ask_looks_meanwhile(module: str) -> None:
    looks: list[float] = []
    ask(module, {"answers": [{}], "sleep": 0.7}, look=lambda: looks.append(time.monotonic()))
    assert len(looks) >= 3


def test_an_error_of_the_child_is_raised_here(module: str) -> None:
    with pytest.raises(PortError, match="too large") as caught:
        ask(module, {"error": ["too large", "take less"]})
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
    with pytest.raises(ProcessError, match=f"^{line}$"):
        ask(module, request_)


def test_a_module_that_is_missing_is_an_error() -> None:
    with pytest.raises(ProcessError, match="No module named"):
        ask("npuport.no_such", {"large": "x" * 300_000})


def test_leaving_ends_the_child_even_one_that_ignores_an_interrupt(module: str, tmp_path: Path) -> None:
    request = {"sleep": 60, "stubborn": True}
    with (
        (tmp_path / "errors").open("w") as errors,
        start(module, request, errors=errors) as child,
    ):
        number = next(child.answers())["process"]
    assert ends(number)


def test_the_child_ends_with_a_parent_that_is_killed(module: str, tmp_path: Path) -> None:
    parent = f"""
import sys
from npuport.base.child import start
with start({module!r}, {{"sleep": 60}}, errors=open({str(tmp_path / "errors")!r}, "w")) as child:
    for answer in child.answers():
        print(answer["process"], flush=True)
"""
    with subprocess.Popen(
        [sys.executable, "-c", parent], env=environment(), stdout=subprocess.PIPE, text=True
    ) as running:
        assert running.stdout is not None
        number = int(running.stdout.readline())
        running.kill()
    assert ends(number)


def test_a_pipe_that_breaks_ends_the_child_quietly(module: str) -> None:
    done = subprocess.run(
        f"{sys.executable} -m {module} 2>&1 >/dev/full | cat",
        shell=True,
        input=json.dumps({"answers": []}) + "\n",
        env=environment(),
        capture_output=True,
        text=True,
    )
    assert "Traceback" not in done.stdout
