"""Captures from the cache, or made now by a reference process."""

import os
from dataclasses import asdict
from pathlib import Path

from npuport.base import process
from npuport.base.errors import PortError
from npuport.base.files import clean_staging, exclusive, remove_tree, staged_directory
from npuport.base.places import cache_dir
from npuport.base.text import Progress
from npuport.parity.recipe import Recipe

#: How many captures are kept; those unused for longest are deleted.
KEPT = 12


def ensure(recipe: Recipe, progress: Progress) -> Path:
    """The capture of a recipe, from the cache or made now in a child process.

    Raises:
        PortError: the reference process failed.
    """
    captures = cache_dir() / "captures"
    captures.mkdir(parents=True, exist_ok=True)
    finished = captures / recipe.key()
    if not finished.is_dir():
        with exclusive(captures / "lock"):  # one at a time: a reference takes all cores
            if not finished.is_dir():
                clean_staging(captures)
                progress(f"reference {recipe.size}: upstream on the CPU (once; then cached)")
                with staged_directory(captures) as staging:
                    _run_child(recipe, staging)
                    staging.replace(finished)
    os.utime(finished)
    _prune(captures)
    return finished


def _run_child(recipe: Recipe, out: Path) -> None:
    arguments = {name: value for name, value in asdict(recipe).items() if value is not None}
    words = [word for name, value in arguments.items() for word in (f"--{name}", str(value))]
    code = process.stream(
        process.python("-m", "npuport.parity.reference", *words, "--out", str(out)),
        environment={
            "OMP_WAIT_POLICY": "PASSIVE",  # on a busy machine, spinning threads cost more time than they save
            **process.environment({"TORCH_DEVICE_BACKEND_AUTOLOAD": "0"}),
        },
    )
    if code:
        raise PortError(
            f"the reference process for {recipe.size} {process.ending(code)}; its output is above",
            hint="fix the error in its output: the adapter, or what `npuport doctor` reports as missing",
        )


def _prune(captures: Path) -> None:
    """Delete the captures that are unused for longest: each may hold a whole checkpoint."""
    finished = [path for path in captures.iterdir() if path.is_dir() and not path.name.startswith(".")]
    for path in sorted(finished, key=lambda path: path.stat().st_mtime, reverse=True)[KEPT:]:
        remove_tree(path)
