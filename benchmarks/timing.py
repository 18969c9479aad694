"""How the benchmarks take time: in turns, so that what else the machine does falls on all of them."""

import os
import statistics
import time
from collections.abc import Callable

#: The environment of git by hand: nobody's configuration.
HAND = {
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_COMMITTER_NAME": "hand",
    "GIT_COMMITTER_EMAIL": "hand@localhost",
}


def interleaved(rounds: int, prepare: Callable[[], None], *runs: Callable[[], object]) -> list[float]:
    """The median seconds of each run, taken in turns after one round of warming up."""
    times: list[list[float]] = [[] for _ in runs]
    for number in range(rounds + 1):
        for taken, run in zip(times, runs, strict=True):
            prepare()
            started = time.perf_counter()
            run()
            if number:
                taken.append(time.perf_counter() - started)
    return [statistics.median(taken) for taken in times]
