"""Where a port keeps things."""

from dataclasses import dataclass
from pathlib import Path

from npuport.base.errors import PortError


@dataclass(frozen=True)
class Layout:
    """The files of one port, below its directory `root`."""

    root: Path

    @property
    def lock(self) -> Path:
        """What is ported: `upstream.lock`."""
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
        """Everything a command makes; safe to delete."""
        return self.root / "out"

    @property
    def trees(self) -> Path:
        """Finished trees, each in a directory named by its commit."""
        return self.out / "trees"

    @property
    def checkout(self) -> Path:
        """Link to the clean tree at the pin."""
        return self.out / "checkout"

    @property
    def ported(self) -> Path:
        """Link to the ported tree."""
        return self.out / "ported"

    @property
    def changelog(self) -> Path:
        """The port's history for its users."""
        return self.root / "CHANGELOG.md"

    @property
    def publication(self) -> Path:
        """What a killed command has decided to publish and not yet put into place; see `publication`."""
        return self.root / ".publication"

    @property
    def rebase(self) -> Path:
        """The report of the last rebase, and the session of one that needs a person."""
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
        """What `npuport try` shows."""
        return self.out / "try"

    @property
    def weights_lock(self) -> Path:
        """Which trained checkpoints are used: hub, id, revision, the hash of every file."""
        return self.root / "weights.lock"

    @property
    def release(self) -> Path:
        """What the port's bundles hold besides the ported source: `release.toml`, `inference.py`."""
        return self.root / "release"

    @property
    def dist(self) -> Path:
        """The bundles."""
        return self.root / "dist"


def find_port(start: Path) -> Layout:
    """The nearest port upwards of a directory, itself included.

    Raises:
        PortError: none of them holds an `upstream.lock`.
    """
    for directory in (start, *start.parents):
        if (directory / "upstream.lock").is_file():
            return Layout(directory)
    raise PortError(f"no upstream.lock in {start} or above", hint="name the port's directory with --port DIR")
