"""A module of ours in a child process, which answers a request.

It is started as `python -m MODULE`. It reads one request, a line of JSON, from stdin, and writes each answer
as a line of JSON to stdout; `answering` is its side. `{"error": message, "hint": hint}` is a PortError,
which the parent raises. Its stdin stays open as long as the parent lives, so that it ends with the parent.
"""

import json
import os
import select
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import IO, Any

from npuport.base.errors import PortError
from npuport.base.process import ProcessError, ending, environment, last_line, python

#: A request or an answer: one JSON object, of a shape that its two sides agree on.
Message = Mapping[str, Any]

#: Seconds between two calls of a caller's `look`.
_LOOK = 0.2
#: Seconds that a child has to end after each signal.
_PATIENCE = 5


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
