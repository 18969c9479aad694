"""The files and directories of a port."""

from dataclasses import dataclass
from pathlib import Path

from npuport.base.errors import PortError


class _Below:
    """An attribute of Layout: a path below the port's directory."""

    def __init__(self, *names: str) -> None:
        self._names = names

    def __get__(self, layout: "Layout", _: object = None) -> Path:
        return layout.root.joinpath(*self._names)


@dataclass(frozen=True)
class Layout:
    """The files of one port, below its directory `root`."""

    root: Path

    #: The file that names the pin, the series and the ported tree.
    lock = _Below("upstream.lock")
    #: The directory of `series` and its patches.
    patches = _Below("patches")
    #: The module that builds the model, its inputs and its entry points.
    adapter = _Below("adapter.py")
    #: The port's changelog.
    changelog = _Below("CHANGELOG.md")
    #: The file that pins trained checkpoints.
    weights_lock = _Below("weights.lock")
    #: The port's own files for its bundles: `release.toml`, `inference.py`.
    release = _Below("release")
    #: The bundles.
    dist = _Below("dist")
    #: Files that a killed command was about to publish; see `publication`.
    publication = _Below(".publication")

    #: Everything that commands make; safe to delete.
    out = _Below("out")
    #: Finished trees, each in a directory named by its commit.
    trees = _Below("out", "trees")
    #: The link to the clean tree at the pin.
    checkout = _Below("out", "checkout")
    #: The link to the ported tree.
    ported = _Below("out", "ported")
    #: The report of the last rebase, and the session of one that waits for the user.
    rebase = _Below("out", "rebase")
    #: The parity report's directory.
    report = _Below("out", "report")
    #: The benchmark's report, its directory.
    bench = _Below("out", "bench")
    #: What `npuport try` makes.
    trial = _Below("out", "try")


def find_port(start: Path) -> Layout:
    """Return the port in a directory or in the nearest one above it.

    Raises:
        PortError: none of them holds an `upstream.lock`.
    """
    for directory in (start, *start.parents):
        if (directory / "upstream.lock").is_file():
            return Layout(directory)
    raise PortError(f"no upstream.lock in {start} or above", hint="name the port's directory with --port DIR")
