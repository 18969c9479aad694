"""What `make test-npu` needs, what of it this machine lacks, and how to install it.

There are two ways to a device: a real NPU (CANN, driver, devices) and the simulator (a compiler, CMake). One
of them is enough; what only the other one needs is shown as optional.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from enum import Enum
from functools import partial
from typing import Literal

from npuport.doctor import ascend, disk, packages, simulated, tools, upstream
from npuport.doctor.check import Check, guarded
from npuport.port.layout import Layout


class Way(Enum):
    """The way to a device that needs something."""

    BOTH = "both"
    NPU = "npu"
    SIMULATOR = "sim"


@dataclass(frozen=True)
class Diagnosis:
    """Every check, in the order in which the work needs them.

    Args:
        checks: one a line.
        device: where `make test-npu` runs here: the real NPU before the simulator; None where neither works.
    """

    checks: tuple[Check, ...]
    device: Literal["npu", "sim"] | None

    @property
    def ready(self) -> bool:
        """Whether `make test-npu` has all it needs."""
        return not self.faults

    @property
    def faults(self) -> tuple[Check, ...]:
        """The checks that keep `make test-npu` from running."""
        return tuple(line for line in self.checks if line.state != "good" and not line.optional)


def examine(layout: Layout | None, *, offline: bool = False) -> Diagnosis:
    """Run all checks at once; a check that fails is a result, never an exception.

    Args:
        layout: the port whose upstream is checked; None outside any port.
        offline: do not use the network.
    """
    probes: tuple[tuple[str, Way, Callable[[], Check]], ...] = (
        ("Python", Way.BOTH, tools.python),
        ("git", Way.BOTH, tools.git),
        ("make", Way.BOTH, tools.make),
        ("torch", Way.BOTH, packages.torch),
        ("torch_npu", Way.BOTH, packages.torch_npu),
        ("transformers", Way.BOTH, packages.transformers),
        ("upstream", Way.BOTH, partial(upstream.upstream, layout, offline=offline)),
        ("cache, disk", Way.BOTH, disk.disk),
        ("CANN", Way.NPU, ascend.cann),
        ("driver", Way.NPU, ascend.driver),
        ("devices", Way.NPU, ascend.devices),
        ("NPU", Way.NPU, ascend.npu),
        ("compiler", Way.SIMULATOR, tools.compiler),
        ("CMake", Way.SIMULATOR, tools.cmake),
        ("simulator", Way.SIMULATOR, simulated.simulator),
    )
    with ThreadPoolExecutor(len(probes)) as pool:  # they wait for children and for the network, not for us
        checks = tuple(pool.map(lambda probe: guarded(probe[0], probe[2]), probes))
    ways = tuple(way for _, way, _ in probes)
    return judge(tuple(zip(ways, checks, strict=True)))


def judge(lines: tuple[tuple[Way, Check], ...]) -> Diagnosis:
    """Choose the way to a device, and mark as optional what only the other way needs.

    A built simulator needs no compiler.
    """
    faulty = {way for way, line in lines if line.state != "good" and not line.optional}
    built = any(line.name == "simulator" and line.state == "good" for _, line in lines)
    npu = Way.NPU not in faulty
    sim = built or Way.SIMULATOR not in faulty
    spared = {Way.SIMULATOR} if npu else {Way.NPU, Way.SIMULATOR} if built else {Way.NPU}
    checks = tuple(replace(line, optional=line.optional or way in spared) for way, line in lines)
    return Diagnosis(checks, "npu" if npu else "sim" if sim else None)
