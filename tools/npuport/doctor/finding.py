"""What a probe says, and the ways a probe may ask: of a program, of a child that cannot take us down."""

import os
import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from npuport.base.process import ProcessError

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


def guarded(name: str, probe: Callable[[], Finding]) -> Finding:
    """Run a probe; whatever goes wrong inside becomes its finding."""
    try:
        return probe()
    except ProcessError as error:
        return Finding(name, "wrong", str(error), "look into the message; the rest of the lines stand")
    except Exception as error:
        told = f"the probe failed: {type(error).__name__}: {error}".replace("\n", " ")
        return Finding(name, "wrong", told, "report it; the rest of the lines stand")


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
