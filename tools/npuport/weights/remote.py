"""What a hub says of a model at a revision."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class RemoteFile:
    """One file, as its hub lists it.

    Args:
        name: its path in the repository.
        size: in bytes.
        sha256: of its contents, where the hub publishes it.
        blob: its git object id, where the hub publishes that.
    """

    name: str
    size: int
    sha256: str | None = None
    blob: str | None = None


@dataclass(frozen=True)
class Listing:
    """A repository at one commit.

    Args:
        commit: 40 hex digits.
        files: all of them, wanted or not.
    """

    commit: str
    files: tuple[RemoteFile, ...]

    def to_data(self) -> dict[str, Any]:
        """As plain data, for the pipe between the processes."""
        return asdict(self)

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> "Listing":
        """From plain data."""
        return cls(data["commit"], tuple(RemoteFile(**file) for file in data["files"]))
