"""What a probe says, and the ways a probe may ask: of a program, of a child that cannot take us down."""

import os
import re
import shutil
import signal
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

State = Literal["good", "missing", "wrong"]


@dataclass(frozen=True)
class Finding:
    """One line of the diagnosis.

    Args:
        name: what was looked at.
        state: `missing` is not there at all, `wrong` is there and will not do.
        found: what was found, in one line.
        hint: the command or edit that puts it right, in one line; empty where nothing is to be done.
        optional: `make test-npu` works here without it.
    """

    name: str
    state: State
    found: str
    hint: str = ""
    optional: bool = False


class ProbeError(Exception):
    """A question that could not be answered, in one line: no such program, no answer in time."""


@dataclass(frozen=True)
class Ran:
    """How a child process ended."""

    code: int
    out: str
    err: str

    @property
    def complaint(self) -> str:
        """The line of its messages that says most: the last one that is not empty."""
        lines = [line.strip() for line in (self.err or self.out).splitlines() if line.strip()]
        return lines[-1] if lines else f"it ended with code {self.code}"


def guarded(name: str, probe: Callable[[], Finding]) -> Finding:
    """Run a probe; whatever goes wrong inside becomes its finding."""
    try:
        return probe()
    except ProbeError as error:
        return Finding(name, "wrong", str(error), "look into the message; the rest of the lines stand")
    except Exception as error:
        told = f"the probe failed: {type(error).__name__}: {error}".replace("\n", " ")
        return Finding(name, "wrong", told, "report it; the rest of the lines stand")


def run(
    command: list[str], seconds: float, environment: Mapping[str, str] | None = None, stdin: str = ""
) -> Ran:
    """Run a program to its end, without a terminal to ask on; it and its children are killed when it is late.

    Args:
        command: the program and its arguments.
        seconds: how long it may take.
        environment: variables to add to this process's.
        stdin: what it reads.

    Raises:
        ProbeError: there is no such program, it cannot be run, or it is late.
    """
    try:
        child = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, **(environment or {})},
            text=True,
            errors="replace",
            start_new_session=True,
        )
    except OSError as error:
        raise ProbeError(f"{command[0]} does not run: {error.strerror}") from error
    with child:
        try:
            out, err = child.communicate(stdin, timeout=seconds)
        except subprocess.TimeoutExpired as error:
            os.killpg(child.pid, signal.SIGKILL)
            child.communicate()
            raise ProbeError(f"`{' '.join(command)[:60]}` gave no answer in {seconds:g} s") from error
    return Ran(child.returncode, out, err)


def version_in(text: str) -> tuple[int, ...]:
    """The first version number in a text; empty where there is none."""
    match = re.search(r"\d+(?:\.\d+)+", text)
    return tuple(int(part) for part in match.group().split(".")) if match else ()


def dotted(version: tuple[int, ...]) -> str:
    """A version as people write it."""
    return ".".join(map(str, version))


def install(**packages: str) -> str:
    """The command that installs a system package, by the package manager that is here.

    Args:
        packages: the package's name by manager; `default` for all others.
    """
    for manager, words in (
        ("apt-get", "apt-get install"),
        ("dnf", "dnf install"),
        ("yum", "yum install"),
        ("zypper", "zypper install"),
        ("pacman", "pacman -S"),
        ("apk", "apk add"),
        ("brew", "brew install"),
    ):
        if shutil.which(manager):
            package = packages.get(manager.replace("-", "_"), packages["default"])
            root = manager == "brew" or os.geteuid() == 0
            return f"{'' if root else 'sudo '}{words} {package}"
    return f"install {packages['default']} with the system's package manager"
