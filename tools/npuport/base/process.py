"""Child processes: what a program prints, what a Python of ours streams to our stderr, how they end.

`base.child` starts a module of ours that answers requests.
"""

import os
import signal
import subprocess
import sys
import sysconfig
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from npuport.base.places import TOOLS


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

    A PYTHONPATH in `extra` comes before TOOLS: the simulator's start-up directory must be first. The Python's
    own site-packages is not put on PYTHONPATH, where it would come before the standard library.
    """
    variables = {**os.environ, "TQDM_DISABLE": "1", **(extra or {})}
    if str(TOOLS) != sysconfig.get_path("purelib"):
        paths = [str(TOOLS), variables.get("PYTHONPATH", "")]
        paths = paths[::-1] if extra and "PYTHONPATH" in extra else paths
        variables["PYTHONPATH"] = os.pathsep.join(filter(None, paths))
    return variables


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
