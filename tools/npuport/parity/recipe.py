"""What a capture depends on: two recipes with the same key give the same capture."""

import hashlib
import importlib.metadata
import json
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Recipe:
    """Everything that a capture depends on.

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
        parts = {
            "commit": self.commit,
            "adapter": digest_files([self.adapter]),
            "harness": digest_files(sorted(Path(__file__).parent.glob("*.py"))),
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
