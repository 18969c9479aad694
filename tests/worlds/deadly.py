"""Run npuport and kill it: `python deadly.py STEP ARGUMENTS...`, with SIGKILL, just before the step's work.

A step is what changes something that others see: a process started, a file or directory renamed, exchanged,
removed, linked or synced, a directory staged. STEP counts them from 1; `WORD+N` is the N-th after the first
one that mentions WORD, which is itself number 0.
"""

import os
import signal
import sys
from typing import Any

from npuport import cli

_STEPS = ("subprocess.Popen", "os.rename", "os.remove", "os.symlink", "shutil.rmtree", "tempfile.mkdtemp")


class Reaper:
    """An audit hook that counts steps."""

    def __init__(self, step: str) -> None:
        word, _, number = step.rpartition("+")
        self.word = word
        self.left = int(number) + (1 if word else 0)

    def __call__(self, event: str, arguments: tuple[Any, ...]) -> None:
        """Count an event, if it is a step; at the last one there is no return."""
        if event == "os.remove" and arguments[1] != -1:
            return  # one of many, inside a tree that is being removed
        if event not in _STEPS and not (event == "ctypes.dlsym" and arguments[1] == "renameat2"):
            return
        self.count(str(arguments))

    def count(self, about: str) -> None:
        """One step."""
        if self.word and self.word not in about:
            return
        self.word = ""
        self.left -= 1
        if self.left == 0:
            os.kill(os.getpid(), signal.SIGKILL)


def main() -> int:
    """Run; the exit code is npuport's, if it lives to give one."""
    reaper = Reaper(sys.argv[1])
    sync = os.fsync

    def counted(handle: Any) -> None:
        reaper.count("fsync")
        sync(handle)

    os.fsync = counted  # it has no audit event
    sys.addaudithook(reaper)
    return cli.main(sys.argv[2:])


if __name__ == "__main__":
    sys.exit(main())
