"""A verified checkpoint in the cache: its files, and a stamp that tells cheaply whether they are untouched.

<cache>/weights/<hub>/<owner>--<name>/<commit>/files/...    read-only
                                              /stamp.json   each file's sha256, size and time of change
                                     /<commit>.lock         one download at a time
                                     /<commit>.part/        a download that is not complete
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
    """Where a model's revision, a commit, lies or would lie."""

    directory: Path

    @property
    def files(self) -> Path:
        """The checkpoint's directory."""
        return self.directory / "files"

    @property
    def stamp(self) -> Path:
        """What the files were when they were verified."""
        return self.directory / "stamp.json"

    @property
    def lock(self) -> Path:
        """Held while the directory is made."""
        return self.directory.with_name(f"{self.directory.name}.lock")

    @property
    def part(self) -> Path:
        """A download under way, or interrupted."""
        return self.directory.with_name(f"{self.directory.name}.part")

    @property
    def there(self) -> bool:
        """Whether it is in the cache, complete."""
        return self.files.is_dir()

    @property
    def ready(self) -> Path:
        """What becomes the directory when it is complete."""
        return self.part / "ready"


def place(model: HubModel) -> CacheSlot:
    """The place of a model whose revision is a commit."""
    assert model.revision is not None
    return CacheSlot(cache_dir() / "weights" / model.hub / model.id.replace("/", "--") / model.revision)


def write_stamp(directory: Path, entries: tuple[HashedFile, ...]) -> None:
    """Note what verified files are now."""
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


def check(found: CacheSlot, entries: tuple[HashedFile, ...], *, thorough: bool = False) -> None:
    """Check that the cached files are the pinned ones.

    A file of the stamp's size and time of change is taken to be unchanged, any other is hashed. So what
    is written to or replaced is caught; what a failing disk turns, or somebody who puts the time back,
    only thoroughly.

    Args:
        thorough: hash every file.

    Raises:
        PortError: a file differs, is missing, or is one too many.
    """
    stamped, hashed = _stamped(found), False
    there = {path.name for path in found.files.iterdir()} if found.files.is_dir() else set()
    for name in sorted(there ^ {entry.name for entry in entries}):
        what = "is not of the checkpoint" if name in there else "is missing"
        raise _touched(found, f"{found.files / name} {what}")
    for entry in entries:
        path = found.files / entry.name
        status = path.stat()
        known = stamped.get(entry.name)
        if (
            thorough
            or known != (entry.size, entry.sha256, status.st_mtime_ns)
            or status.st_size != entry.size
        ):
            actual = sha256(path)
            if actual != entry.sha256:
                raise _touched(found, f"{path} is not what is pinned: sha256 {actual}, pinned {entry.sha256}")
            hashed = True
    if hashed and not thorough:
        with contextlib.suppress(OSError):  # a cache that cannot be written is slow, no more
            write_stamp(found.directory, entries)


def entries(found: CacheSlot) -> tuple[HashedFile, ...]:
    """The files of a cached checkpoint as its stamp has them, every one hashed again.

    Raises:
        PortError: they are not those of the stamp, or there is none.
    """
    known = tuple(
        HashedFile(name, size, sha256) for name, (size, sha256, _) in sorted(_stamped(found).items())
    )
    check(found, known, thorough=True)
    return known


def _stamped(found: CacheSlot) -> dict[str, tuple[int, str, int]]:
    try:
        stamp = json.loads(found.stamp.read_bytes())
        return {one["name"]: (one["size"], one["sha256"], one["mtime_ns"]) for one in stamp}
    except (OSError, ValueError, KeyError, TypeError):
        return {}  # then every file is hashed


def _touched(found: CacheSlot, what: str) -> PortError:
    return PortError(what, hint=f"rm -rf {found.directory}, and it is fetched again")
