"""What a bundle is made of."""

from dataclasses import dataclass

from npuport.port.lock import Lock
from npuport.port.series import PatchFile
from npuport.release.evidence import Evidence
from npuport.release.model import Release, ReleaseModel

#: How a bundle's name ends, on a chip and without one.
HARDWARE, SIMULATION = "-Ascend", "-Ascend-simulated"


@dataclass(frozen=True)
class BundleInputs:
    """What a bundle is made of, besides the ported tree.

    Args:
        lock: the port's.
        patches: its series.
        release: its release.toml.
        model: one of release.toml's models.
        evidence: the results.
    """

    lock: Lock
    patches: tuple[PatchFile, ...]
    release: Release
    model: ReleaseModel
    evidence: Evidence

    @property
    def title(self) -> str:
        """The bundle's name, which tells a simulated run from a chip's."""
        return self.model.title + (SIMULATION if self.evidence.simulated else HARDWARE)
