"""What this machine has and lacks for `make test-npu`, and how to fix it.

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
from npuport.doctor.finding import Finding, guarded
from npuport.port.layout import Layout


class Way(Enum):
    """For which way to a device something is needed."""

    BOTH = "both"
    NPU = "npu"
    SIMULATOR = "sim"


@dataclass(frozen=True)
class Diagnosis:
    """Every finding, in the order of the work.

    Args:
        findings: the lines.
        device: the way that is open here: the real NPU before the simulator; None where neither is.
    """

    findings: tuple[Finding, ...]
    device: Literal["npu", "sim"] | None

    @property
    def ready(self) -> bool:
        """Whether `make test-npu` has all it needs."""
        return not self.faults

    @property
    def faults(self) -> tuple[Finding, ...]:
        """What stands in the way."""
        return tuple(line for line in self.findings if line.state != "good" and not line.optional)


def examine(layout: Layout | None, *, offline: bool = False) -> Diagnosis:
    """Look at everything at once; never raises for what it finds, nor for what it cannot find out.

    Args:
        layout: the port whose upstream is looked at; None outside any port.
        offline: leave the network alone.
    """
    probes: tuple[tuple[str, Way, Callable[[], Finding]], ...] = (
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
        findings = tuple(pool.map(lambda probe: guarded(probe[0], probe[2]), probes))
    ways = tuple(way for _, way, _ in probes)
    return judge(tuple(zip(ways, findings, strict=True)))


def judge(lines: tuple[tuple[Way, Finding], ...]) -> Diagnosis:
    """Find the open way, and make optional what only the other one needs.

    A simulator that is built needs no compiler any more.
    """
    faulty = {way for way, line in lines if line.state != "good" and not line.optional}
    built = any(line.name == "simulator" and line.state == "good" for _, line in lines)
    npu = Way.NPU not in faulty
    sim = built or Way.SIMULATOR not in faulty
    spared = {Way.SIMULATOR} if npu else {Way.NPU, Way.SIMULATOR} if built else {Way.NPU}
    findings = tuple(replace(line, optional=line.optional or way in spared) for way, line in lines)
    return Diagnosis(findings, "npu" if npu else "sim" if sim else None)
