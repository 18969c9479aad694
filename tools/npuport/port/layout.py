"""The files and directories of a port."""

from dataclasses import dataclass
from pathlib import Path

from npuport.base.errors import PortError


@dataclass(frozen=True)
class Layout:
    """The files of one port, below its directory `root`."""

    root: Path

    @property
    def lock(self) -> Path:
        """The file that names the pin, the series and the ported tree."""
        return self.root / "upstream.lock"

    @property
    def patches(self) -> Path:
        """The directory of `series` and its patches."""
        return self.root / "patches"

    @property
    def adapter(self) -> Path:
        """The module that builds the model, its inputs and its entry points."""
        return self.root / "adapter.py"

    @property
    def out(self) -> Path:
        """Everything that commands make; safe to delete."""
        return self.root / "out"

    @property
    def trees(self) -> Path:
        """Finished trees, each in a directory named by its commit."""
        return self.out / "trees"

    @property
    def checkout(self) -> Path:
        """The link to the clean tree at the pin."""
        return self.out / "checkout"

    @property
    def ported(self) -> Path:
        """The link to the ported tree."""
        return self.out / "ported"

    @property
    def changelog(self) -> Path:
        """The port's changelog."""
        return self.root / "CHANGELOG.md"

    @property
    def publication(self) -> Path:
        """Files that a killed command was about to publish; see `publication`."""
        return self.root / ".publication"

    @property
    def rebase(self) -> Path:
        """The report of the last rebase, and the session of one that waits for the user."""
        return self.out / "rebase"

    @property
    def report(self) -> Path:
        """The parity report's directory."""
        return self.out / "report"

    @property
    def bench(self) -> Path:
        """The benchmark's report, its directory."""
        return self.out / "bench"

    @property
    def trial(self) -> Path:
        """What `npuport try` makes."""
        return self.out / "try"

    @property
    def weights_lock(self) -> Path:
        """The file that pins trained checkpoints."""
        return self.root / "weights.lock"

    @property
    def release(self) -> Path:
        """The port's own files for its bundles: `release.toml`, `inference.py`."""
        return self.root / "release"

    @property
    def dist(self) -> Path:
        """The bundles."""
        return self.root / "dist"


def find_port(start: Path) -> Layout:
    """Return the port in a directory or in the nearest one above it.

    Raises:
        PortError: none of them holds an `upstream.lock`.
    """
    for directory in (start, *start.parents):
        if (directory / "upstream.lock").is_file():
            return Layout(directory)
    raise PortError(f"no upstream.lock in {start} or above", hint="name the port's directory with --port DIR")
