"""The result of one check of the machine, and what the checks share."""

import os
import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from npuport.base.process import ProcessError

State = Literal["good", "missing", "wrong"]


@dataclass(frozen=True)
class Check:
    """One line of the diagnosis.

    Args:
        name: what was checked.
        state: `missing`: it does not exist; `wrong`: it exists but does not work.
        found: the version, the place or the error, in one line.
        hint: the command or edit that fixes it, in one line; empty where there is nothing to fix.
        optional: `make test-npu` works here without it.
    """

    name: str
    state: State
    found: str
    hint: str = ""
    optional: bool = False


def guarded(name: str, probe: Callable[[], Check]) -> Check:
    """Run a check; an exception in it becomes its result."""
    try:
        return probe()
    except ProcessError as error:
        return Check(name, "wrong", str(error), "the other lines are not affected")
    except Exception as error:
        message = f"the check failed: {type(error).__name__}: {error}".replace("\n", " ")
        return Check(name, "wrong", message, "report it; the other lines are not affected")


def version_in(text: str) -> tuple[int, ...]:
    """The first version number in a text; empty where there is none."""
    match = re.search(r"\d+(?:\.\d+)+", text)
    return tuple(int(part) for part in match.group().split(".")) if match else ()


def dotted(version: tuple[int, ...]) -> str:
    return ".".join(map(str, version))


def install(**packages: str) -> str:
    """The command that installs a system package with this machine's package manager.

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
