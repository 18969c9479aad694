"""A verified checkpoint in the cache: its files, and a stamp by which a change is noticed without hashing.

<cache>/weights/<hub>/<owner>--<name>/<commit>/files/...    read-only
                                              /stamp.json   each file's sha256, size and time of change
                                     /<commit>.lock         one download at a time
                                     /<commit>.part/        an incomplete download
"""

import contextlib
import json
from dataclasses import dataclass
from pathlib import Path

from npuport.base.errors import PortError
from npuport.base.files import write_atomically
from npuport.base.places import cache_dir
from npuport.weights.checkpoint import HashedFile, sha256
from npuport.weights.spec import HubModel


@dataclass(frozen=True)
class CacheSlot:
    """The directory of a model at a commit, in the cache or not."""

    directory: Path

    @property
    def files(self) -> Path:
        """The checkpoint's directory."""
        return self.directory / "files"

    @property
    def stamp(self) -> Path:
        """The hash, size and time of change of each file when it was verified."""
        return self.directory / "stamp.json"

    @property
    def lock(self) -> Path:
        """The lock file that a download holds."""
        return self.directory.with_name(f"{self.directory.name}.lock")

    @property
    def part(self) -> Path:
        """The directory of an incomplete download."""
        return self.directory.with_name(f"{self.directory.name}.part")

    @property
    def exists(self) -> bool:
        """Whether the checkpoint is in the cache, complete."""
        return self.files.is_dir()

    @property
    def ready(self) -> Path:
        """The directory that is published when it is complete."""
        return self.part / "ready"


def place(model: HubModel) -> CacheSlot:
    """The cache slot of a model whose revision is a commit."""
    assert model.revision is not None
    return CacheSlot(cache_dir() / "weights" / model.hub / model.id.replace("/", "--") / model.revision)


def write_stamp(directory: Path, entries: tuple[HashedFile, ...]) -> None:
    """Write the stamp of verified files."""
    stamped = [
        {
            "name": entry.name,
            "size": entry.size,
            "sha256": entry.sha256,
            "mtime_ns": (directory / "files" / entry.name).stat().st_mtime_ns,
        }
        for entry in sorted(entries)
    ]
    write_atomically(directory / "stamp.json", (json.dumps(stamped, indent=1) + "\n").encode())


def check(slot: CacheSlot, entries: tuple[HashedFile, ...], *, thorough: bool = False) -> None:
    """Check that the cached files are the pinned ones.

    A file with the stamp's size and time of change counts as unchanged, any other is hashed. A bit that a
    disk flips is noticed only by a thorough check.

    Args:
        thorough: hash every file.

    Raises:
        PortError: a file differs, is missing, or does not belong to the checkpoint.
    """
    stamped, hashed = _stamped(slot), False
    present = {path.name for path in slot.files.iterdir()} if slot.files.is_dir() else set()
    for name in sorted(present ^ {entry.name for entry in entries}):
        what = "does not belong to the checkpoint" if name in present else "is missing"
        raise _touched(slot, f"{slot.files / name} {what}")
    for entry in entries:
        path = slot.files / entry.name
        status = path.stat()
        known = stamped.get(entry.name)
        if (
            thorough
            or known != (entry.size, entry.sha256, status.st_mtime_ns)
            or status.st_size != entry.size
        ):
            actual = sha256(path)
            if actual != entry.sha256:
                raise _touched(slot, f"{path} is not what is pinned: sha256 {actual}, pinned {entry.sha256}")
            hashed = True
    if hashed and not thorough:
        with contextlib.suppress(OSError):  # a cache that cannot be written is slow only
            write_stamp(slot.directory, entries)


def entries(slot: CacheSlot) -> tuple[HashedFile, ...]:
    """The files of a cached checkpoint, compared with its stamp by their hashes.

    Raises:
        PortError: they differ from the stamp, or there is none.
    """
    known = tuple(
        HashedFile(name, size, sha256) for name, (size, sha256, _) in sorted(_stamped(slot).items())
    )
    check(slot, known, thorough=True)
    return known


def _stamped(slot: CacheSlot) -> dict[str, tuple[int, str, int]]:
    try:
        stamp = json.loads(slot.stamp.read_bytes())
        return {one["name"]: (one["size"], one["sha256"], one["mtime_ns"]) for one in stamp}
    except (OSError, ValueError, KeyError, TypeError):
        return {}  # then every file is hashed


def _touched(slot: CacheSlot, what: str) -> PortError:
    return PortError(what, hint=f"rm -rf {slot.directory}, and it is fetched again")
