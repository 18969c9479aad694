"""A hub's listing of a model at a revision."""

from dataclasses import dataclass


@dataclass(frozen=True)
class RemoteFile:
    """One file of a listing.

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
        files: all files of the repository.
    """

    commit: str
    files: tuple[RemoteFile, ...]
