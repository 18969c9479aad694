"""The part of the ported tree that a bundle holds, read from git and not from the directory."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from npuport import git
from npuport.base.errors import PortError

_MODES = {"100644": 0o644, "100755": 0o755}


@dataclass(frozen=True)
class BundleFile:
    """A file of a bundle: its bytes and its mode."""

    data: bytes
    mode: int = 0o644


def included(path: str, include: Sequence[str]) -> bool:
    """Whether `include` names a path, or a `directory/**` above it."""
    return any(
        path.startswith(name.removesuffix("**")) if name.endswith("/**") else path == name for name in include
    )


def read_source(repository: Path, commit: str, include: Sequence[str]) -> Mapping[str, BundleFile]:
    """The included files of a commit.

    Raises:
        PortError: a pattern matches nothing, or a file is a link or a submodule, which a bundle cannot hold.
    """
    entries = {
        path: entry for path, entry in git.list_tree(repository, commit).items() if included(path, include)
    }
    for pattern in include:
        if not any(included(path, [pattern]) for path in entries):
            raise PortError(
                f"the ported tree has no {pattern}", hint="fix [source] include in release/release.toml"
            )
    for path, entry in entries.items():
        if entry.mode not in _MODES:
            raise PortError(
                f"{path} of the ported tree is a link or a submodule, which a bundle cannot hold",
                hint="leave it out of [source] include in release/release.toml",
            )
    contents = git.read_objects(repository, [entry.oid for entry in entries.values()])
    files = {}
    for (path, entry), content in zip(entries.items(), contents, strict=True):
        if content is None:
            raise PortError(f"{path} is not in {repository}", hint="npuport port --force")
        files[path] = BundleFile(content[1], _MODES[entry.mode])
    return files
