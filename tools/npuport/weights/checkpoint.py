"""A checkpoint's directory: which files belong to it, their sizes and hashes, whether it is complete."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

from npuport.base.errors import PortError
from npuport.base.schema import GitId, Sha256
from npuport.weights.header import INDEX, SUFFIX, check_index, tensors

#: Endings of files that hold weights as pickles, which run code when they are loaded.
PICKLES = (".bin", ".pt", ".pth", ".ckpt", ".pkl", ".pickle")


class CheckpointData(TypedDict):
    """A checkpoint in reports, without its place on this machine.

    Args:
        source: hub and id, or the name of a directory.
        revision: the hub's commit; null for a directory.
        digest: SHA-256 over `<sha256>  <size>  <name>` and a newline for each file, by name.
    """

    source: str
    revision: GitId | None
    digest: Sha256


@dataclass(frozen=True)
class Checkpoint:
    """Verified weights.

    Args:
        path: their directory.
        source: `hf:owner/name`, or the name of the user's directory.
        revision: the hub's commit; None for the user's directory.
        digest: see `digest`.
    """

    path: Path
    source: str
    revision: str | None
    digest: str

    def to_data(self) -> CheckpointData:
        """Its entry in reports."""
        return {"source": self.source, "revision": self.revision, "digest": self.digest}


@dataclass(frozen=True, order=True)
class HashedFile:
    """One file of a checkpoint.

    Args:
        name: its name in the directory.
        size: in bytes.
        sha256: of its contents.
    """

    name: str
    size: int
    sha256: str


def counts(name: str) -> bool:
    """Whether a file belongs to a checkpoint: safetensors and JSON at the top of the directory, no more."""
    return (
        "/" not in name and "\\" not in name and not name.startswith(".") and name.endswith((SUFFIX, ".json"))
    )


def digest(entries: Iterable[HashedFile]) -> str:
    """SHA-256 over `<sha256>  <size>  <name>` and a newline for each file, by name."""
    lines = [f"{entry.sha256}  {entry.size}  {entry.name}\n" for entry in sorted(entries)]
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def names(directory: Path) -> list[str]:
    """The files of a directory that belong to the checkpoint, sorted."""
    return sorted(path.name for path in directory.iterdir() if counts(path.name) and path.is_file())


def measure(directory: Path) -> tuple[HashedFile, ...]:
    """The files of a directory that belong to the checkpoint, hashed."""
    return tuple(
        HashedFile(name, (directory / name).stat().st_size, sha256(directory / name))
        for name in names(directory)
    )


def sha256(path: Path) -> str:
    """The sha256 of a file's contents, read as a stream."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def check_whole(directory: Path) -> None:
    """Check by the files' headers that a directory holds a complete checkpoint in safetensors.

    Raises:
        PortError: it holds none, or a file is truncated, corrupt or missing.
    """
    files = names(directory)
    if not any(name.endswith(SUFFIX) for name in files):
        raise PortError(
            f"{directory} holds no checkpoint: no {SUFFIX} file{_instead(directory)}",
            hint="--weights DIR, a directory that save_pretrained wrote",
        )
    shards = {name: tensors(directory / name) for name in files if name.endswith(SUFFIX)}
    for name in files:
        if name.endswith(INDEX):
            check_index(directory / name, shards)


def _instead(directory: Path) -> str:
    pickles = (
        sorted(path.name for path in directory.iterdir() if path.name.endswith(PICKLES))
        if directory.is_dir()
        else []
    )
    return f", but {', '.join(pickles[:3])}, and pickles run code" if pickles else ""
