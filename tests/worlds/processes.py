"""Processes of npuport's: their children, their end, and a git that sends them a signal at a chosen call."""

import os
import select
import shutil
from pathlib import Path


def children(process: int) -> list[int]:
    """The processes that a process has started, by any of its threads."""
    lists = Path(f"/proc/{process}/task").glob("*/children")
    return [int(child) for path in lists for child in path.read_text().split()]


def ends(process: int, seconds: float = 30) -> bool:
    """Whether a process ends within so many seconds; a zombie has ended."""
    try:
        handle = os.pidfd_open(process)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([handle], [], [], seconds)[0])
    finally:
        os.close(handle)


def signalling_git(
    directory: Path, call: int, signal: str, when: str, *, group: bool = False
) -> dict[str, str]:
    """An environment in which the n-th call of git sends a signal to the npuport that made it.

    Args:
        directory: where the git is written that does so.
        call: which call, counted from 1.
        signal: its name without `SIG`.
        when: `before` git's work, `after` it, or `during` it.
        group: to npuport's process group, as a terminal sends it; npuport leads a session of its own.
    """
    directory.mkdir(exist_ok=True)
    (directory / "count").write_text("0")
    real = shutil.which("git")
    target = "-- -$PPID" if group else "$PPID"
    work = {"before": "", "during": f'{real} "$@" &\n', "after": f'{real} "$@"\n'}[when]
    (directory / "git").write_text(
        f"#!/bin/sh\nn=$(($(cat {directory}/count) + 1))\necho $n > {directory}/count\n"
        f'if [ $n = {call} ]; then\n{work}kill -s {signal} {target}\nexit 1\nfi\nexec {real} "$@"\n'
    )
    (directory / "git").chmod(0o755)
    return dict(os.environ) | {"PATH": f"{directory}{os.pathsep}{os.environ['PATH']}"}
