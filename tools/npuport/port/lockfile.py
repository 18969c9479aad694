"""The structured config of `upstream.lock`. Only `lock` imports it, when it has no memo of the text."""

from dataclasses import dataclass, field

from npuport.base.strict import Document, read_yaml


@dataclass
class _Upstream:
    url: str
    branch: str
    commit: str
    tree: str = ""


@dataclass
class _License:
    file: str = "LICENSE"
    sha256: str = ""


@dataclass
class _Patch:
    name: str
    sha256: str


@dataclass
class _Series:
    digest: str = ""
    patches: list[_Patch] = field(default_factory=list)


@dataclass
class _Ported:
    commit: str = ""
    tree: str = ""


@dataclass
class LockFile:
    """The sections of the file; a field with a default may be missing."""

    format: int
    upstream: _Upstream
    license: _License = field(default_factory=_License)
    series: _Series = field(default_factory=_Series)
    ported: _Ported = field(default_factory=_Ported)


def read_lockfile(text: str, where: str) -> Document[LockFile]:
    """Read a lock's text by its structured config.

    Raises:
        PortError: a key or the type of a value is wrong.
    """
    return read_yaml(text, LockFile, where, f"correct {where}, or restore it from version control")
