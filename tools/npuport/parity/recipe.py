"""Captures on demand: from the cache, else from a reference process started now."""

import hashlib
import importlib.metadata
import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from npuport.errors import PortError
from npuport.fsio import clean_staging, exclusive, remove_tree, staged_directory
from npuport.layout import cache_dir

#: Captures kept of one port; the oldest go first.
KEPT = 12

#: Modules here that decide what a capture holds.
_SOURCES = (
    "case",
    "capture",
    "compare",
    "ensemble",
    "excite",
    "golden",
    "hf32",
    "memo",
    "recipe",
    "reference",
    "run",
)


@dataclass(frozen=True)
class Recipe:
    """All that decides what a capture holds.

    Args:
        checkout: upstream's clean tree.
        commit: its commit.
        adapter: the port's adapter.
        size: a model size of the adapter's, or `weights`.
        seed: of weights and inputs.
        weights: a checkpoint's directory instead of excited weights.
    """

    checkout: Path
    commit: str
    adapter: Path
    size: str
    seed: int
    weights: Path | None = None

    def key(self) -> str:
        """The capture's name in the cache."""
        here = Path(__file__).parent
        parts = {
            "commit": self.commit,
            "adapter": digest_files([self.adapter]),
            "harness": digest_files([here / f"{name}.py" for name in _SOURCES]),
            "versions": {name: importlib.metadata.version(name) for name in ("torch", "transformers")},
            "size": self.size,
            "seed": self.seed,
            "weights": digest_files(sorted(self.weights.iterdir())) if self.weights else None,
        }
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:24]


def digest_files(files: list[Path]) -> str:
    """SHA-256 over the contents of files, in this order."""
    hashed = hashlib.sha256()
    for file in files:
        hashed.update(file.name.encode())
        with file.open("rb") as stream:
            hashed.update(hashlib.file_digest(stream, "sha256").digest())
    return hashed.hexdigest()


def ensure(recipe: Recipe, progress: Callable[[str], None]) -> Path:
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
    environment = {
        "OMP_WAIT_POLICY": "PASSIVE",  # on a busy machine, threads that spin cost more than they gain
        **os.environ,
        "TORCH_DEVICE_BACKEND_AUTOLOAD": "0",
        "TQDM_DISABLE": "1",
    }
    environment["PYTHONPATH"] = os.pathsep.join(
        [str(Path(__file__).resolve().parents[2]), *filter(None, [os.environ.get("PYTHONPATH")])]
    )
    command = [sys.executable, "-m", "npuport.parity.reference", *words, "--out", str(out)]
    done = subprocess.run(command, env=environment, stdout=sys.__stderr__, check=False)
    if done.returncode:
        raise PortError(
            f"the reference process for {recipe.size} ended with code {done.returncode}; its lines are above",
            mend="mend what they say: the adapter, or what `npuport doctor` misses",
        )


def _prune(captures: Path) -> None:
    """Delete the captures that were used longest ago: each may hold a whole checkpoint."""
    finished = [path for path in captures.iterdir() if path.is_dir() and not path.name.startswith(".")]
    for path in sorted(finished, key=lambda path: path.stat().st_mtime, reverse=True)[KEPT:]:
        remove_tree(path)
