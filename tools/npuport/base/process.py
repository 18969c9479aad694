"""Child processes: a program's output, a Python that streams to our stderr, a Python that answers in JSON.

A module that answers is started as `python -m MODULE`. It reads one request, a line of JSON, from stdin, and
writes each answer as a line of JSON to stdout; `answering` is its side. `{"error": message, "hint": hint}`
stands for a PortError, which the parent raises. Its stdin stays open as long as the parent lives, so that the
child ends with the parent, however that ends.
"""

import json
import os
import select
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from npuport.base.errors import PortError
from npuport.base.places import TOOLS

#: A request or an answer: one JSON object, of a shape that its two sides agree on.
Message = Mapping[str, Any]

#: Seconds between two calls of a caller's `look`.
_LOOK = 0.2
#: Seconds that a child has to end after each signal.
_PATIENCE = 5


class ProcessError(Exception):
    """A child that cannot be started, is late, or ends without its answer; one line."""


@dataclass(frozen=True)
class Ended:
    """How a child ended, and what it wrote."""

    code: int
    out: str
    err: str

    @property
    def last_line(self) -> str:
        """The last line of stderr, else of stdout, else how the child ended."""
        return last_line(self.err) or last_line(self.out) or f"it {ending(self.code)}"


def ending(code: int) -> str:
    """An exit code in words: `ended with code 3`, `was killed by signal 9`."""
    return f"was killed by signal {-code}" if code < 0 else f"ended with code {code}"


def last_line(text: str) -> str:
    """The last line of a text that is not blank; empty where there is none."""
    return next((line.strip() for line in reversed(text.splitlines()) if line.strip()), "")


def python(*words: str) -> list[str]:
    """The command that runs this Python; for `-m` and `-c` without the current directory on `sys.path`."""
    return [sys.executable, *(["-P"] if words[0] in ("-m", "-c") else []), *words]


def environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment of a child Python that imports npuport: ours, TOOLS on PYTHONPATH, no progress bars.

    A PYTHONPATH in `extra` comes before TOOLS: the simulator's start-up directory must be first.
    """
    own = {"PYTHONPATH": os.pathsep.join([str(TOOLS), *filter(None, [os.environ.get("PYTHONPATH")])])}
    named = dict(extra or {})
    if "PYTHONPATH" in named:
        named["PYTHONPATH"] = os.pathsep.join([named["PYTHONPATH"], str(TOOLS)])
    return {**os.environ, "TQDM_DISABLE": "1", **own, **named}


def run(
    command: Sequence[str],
    *,
    environment: Mapping[str, str] | None = None,
    seconds: float | None = None,
    stdin: str = "",
) -> Ended:
    """Run a program to its end and return what it wrote.

    Args:
        command: the program and its arguments.
        environment: all of its environment; this process's where None.
        seconds: how long it may take; when it is late, it is killed with its own children.
        stdin: what it reads.

    Raises:
        ProcessError: there is no such program, it cannot be run, or it is late.
    """
    try:
        child = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment,
            text=True,
            errors="replace",
            start_new_session=seconds is not None,
        )
    except OSError as error:
        raise ProcessError(f"{command[0]} does not run: {error.strerror}") from error
    with child:
        try:
            out, err = child.communicate(stdin, timeout=seconds)
        except BaseException as error:
            if seconds is None:
                child.kill()
            else:
                os.killpg(child.pid, signal.SIGKILL)
            child.communicate()
            if isinstance(error, subprocess.TimeoutExpired):
                name = " ".join(command).partition("\n")[0][:60]
                raise ProcessError(f"`{name}` gave no answer in {seconds:g} s") from error
            raise
    return Ended(child.returncode, out, err)


def stream(
    command: Sequence[str],
    *,
    environment: Mapping[str, str],
    log: Path | None = None,
    cwd: Path | None = None,
) -> int:
    """Run a program whose output appears on our stderr as it comes, and in a file; return its exit code.

    A terminal's interrupt reaches the child as well; the child is waited for.
    """
    with (
        open(log or os.devnull, "wb") as file,  # noqa: PTH123 - os.devnull is no Path
        subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=environment, cwd=cwd
        ) as child,
    ):
        assert child.stdout is not None
        try:
            for line in child.stdout:
                file.write(line)
                # not sys.stderr: inside pytest that is a test's own
                print(line.decode(errors="replace"), end="", file=sys.__stderr__, flush=True)
            return child.wait()
        except KeyboardInterrupt:
            child.wait()
            raise


class Child:
    """A running module that answers; made by `start`."""

    def __init__(self, process: "subprocess.Popen[bytes]") -> None:
        self._process = process

    def answers(self, look: Callable[[], None] | None = None) -> Iterator[Message]:
        """Yield each answer as it comes, until the child ends.

        Args:
            look: called several times a second meanwhile.

        Raises:
            PortError: the child's own.
        """
        assert self._process.stdout is not None
        stdout, rest = self._process.stdout.fileno(), b""
        while True:
            ready, _, _ = select.select([stdout], [], [], _LOOK if look else None)
            if look:
                look()
            if not ready:
                continue
            if not (part := os.read(stdout, 1 << 16)):
                return
            *lines, rest = (rest + part).split(b"\n")
            for line in lines:
                raise_error(answer := json.loads(line))
                yield answer

    def wait(self) -> int:
        """Wait for the child's end and return its exit code."""
        return self._process.wait()


@contextmanager
def start(
    module: str, request: Message, *, errors: IO[Any], extra: Mapping[str, str] | None = None
) -> Iterator[Child]:
    """Start a module that answers; when the caller leaves, the child is interrupted, terminated, killed.

    Args:
        module: its name; it calls `answering`.
        request: what it is asked.
        errors: the file that takes its stderr.
        extra: variables to add to `environment()`.
    """
    errors.flush()
    with subprocess.Popen(
        python("-m", module),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=errors,
        env=environment(extra),
        bufsize=0,
    ) as process:
        assert process.stdin is not None
        try:
            with suppress(BrokenPipeError):  # a child that has died ends without an answer
                process.stdin.write(json.dumps(request).encode() + b"\n")
            yield Child(process)
        finally:
            _end(process)


def _end(process: "subprocess.Popen[bytes]") -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL):
        if process.poll() is not None:
            return
        process.send_signal(number)
        try:
            process.wait(timeout=_PATIENCE)
        except subprocess.TimeoutExpired:
            continue


def ask(
    module: str,
    request: Message,
    *,
    extra: Mapping[str, str] | None = None,
    look: Callable[[], None] | None = None,
) -> Message:
    """Start a module and return its one answer.

    Raises:
        PortError: the child's own.
        ProcessError: it ended without an answer; its last line.
    """
    with tempfile.TemporaryFile("w+", errors="replace") as errors:
        with start(module, request, errors=errors, extra=extra) as child:
            answers = list(child.answers(look))
            code = child.wait()
        if not answers:
            errors.seek(0)
            raise ProcessError(last_line(errors.read()) or f"it {ending(code)}")
    return answers[-1]


def answering(job: Callable[[Message, Callable[[Message], None]], None]) -> int:
    """The child's side of `start`: read the request, do the job, return the exit code.

    What the job prints goes to stderr. Its PortError goes to the parent. When the parent dies, so do we.

    Args:
        job: called with the request and with the function that sends an answer.
    """
    request = json.loads(sys.stdin.readline())
    threading.Thread(target=_die_with_parent, daemon=True).start()
    with os.fdopen(os.dup(1), "wb", buffering=0) as pipe:
        os.dup2(2, 1)

        def answer(message: Message) -> None:
            pipe.write(json.dumps(message).encode() + b"\n")

        try:
            job(request, answer)
        except PortError as error:
            answer(error_message(error))
            return 1
        except (KeyboardInterrupt, BrokenPipeError):
            return 130
    return 0


def _die_with_parent() -> None:
    while os.read(0, 1 << 10):  # it ends when the parent's end of the pipe is closed
        pass
    os._exit(1)


def error_message(error: PortError) -> Message:
    """A PortError as the object that stands for it between processes."""
    return {"error": error.message, "hint": error.hint}


def raise_error(message: Message) -> None:
    """Raise the PortError that an object stands for, if it stands for one."""
    if "error" in message:
        raise PortError(message["error"], hint=message["hint"])
