"""Where a model runs: a real NPU where one answers, else the simulator; for timings a GPU or the CPU too."""

import json
import platform
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from npuport.base import process
from npuport.base.errors import PortError

Kind = Literal["npu", "sim", "cuda", "cpu"]

#: Those on which a port is proved.
ASCEND: tuple[Kind, ...] = ("npu", "sim")
#: Those on which it can be run and timed.
ALL: tuple[Kind, ...] = ("npu", "sim", "cuda", "cpu")

#: The word that stands in the name of every simulated device, and in every report of one.
SIMULATED = "simulated"

#: Asks the device for its name, in a process of its own: a driver that crashes is only a finding there.
_PROBE = """
import ctypes, json
try:
    ctypes.CDLL("libascendcl.so")
except OSError:
    print(json.dumps({"missing": "CANN: libascendcl.so does not load"}))
    raise SystemExit
try:
    import torch, torch_npu
except Exception as error:
    print(json.dumps({"missing": f"torch_npu: {error}".splitlines()[0]}))
    raise SystemExit
if not torch.npu.is_available() or not torch.npu.device_count():
    print(json.dumps({"missing": "device: torch.npu.is_available() is False"}))
    raise SystemExit
assert (torch.ones(2, device="npu:0") * 2).cpu().tolist() == [2.0, 2.0]
print(json.dumps({"name": torch.npu.get_device_name(0)}))
"""

_CUDA = """
import json, torch
if not torch.cuda.is_available():
    print(json.dumps({"missing": "torch.cuda.is_available() is False"}))
    raise SystemExit
print(json.dumps({"name": torch.cuda.get_device_name(0)}))
"""

#: With torch_npu installed and no CANN, `import torch` fails unless it is told to leave torch_npu alone.
_WITHOUT_NPU = {"TORCH_DEVICE_BACKEND_AUTOLOAD": "0"}


@dataclass(frozen=True)
class Device:
    """A device to run on.

    Args:
        kind: `npu` for a real one, `sim` for the simulator, `cuda`, `cpu`.
        name: as reports show it; a simulated one says so.
        simulator: the built simulator's directory, for `sim`.
        environment: what a child Python needs besides this process's environment to find the device.
    """

    kind: Kind
    name: str
    simulator: Path | None = None
    environment: Mapping[str, str] = field(default_factory=dict)

    @property
    def simulated(self) -> bool:
        """Whether no chip is involved that bears the name."""
        return self.kind == "sim"

    @property
    def torch(self) -> str:
        """What torch calls it: `npu:0`."""
        return {"npu": "npu:0", "sim": "npu:0", "cuda": "cuda:0", "cpu": "cpu"}[self.kind]

    def activate(self) -> None:
        """Make the device, and no other, visible to torch in this process; call before torch is imported."""
        if self.kind not in ASCEND:
            sys.modules["torch_npu"] = None  # type: ignore[assignment]  # transformers imports what it finds
        if self.simulator is not None:
            from npuport import simulator

            simulator.activate(self.simulator)


@dataclass(frozen=True)
class Probe:
    """What was found of a real NPU: its name, or the first thing that is missing."""

    name: str = ""
    missing: str = ""


def probe() -> Probe:
    """Look for a real NPU: the driver first, then CANN, torch_npu and an answer of the device."""
    if not any(Path("/dev").glob("davinci*")):
        return Probe(missing="driver: no /dev/davinci*")
    return _ask(_PROBE)


def processor() -> str:
    """The CPU's name, as the system gives it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    named = [line.partition(":")[2].strip() for line in lines if line.startswith(("model name", "Model"))]
    return next(filter(None, named), platform.processor() or platform.machine())


def _ask(question: str) -> Probe:
    variables = process.environment(_WITHOUT_NPU if question is _CUDA else None)
    try:
        done = process.run(process.python("-c", question), environment=variables, seconds=300)
    except process.ProcessError:
        return Probe(missing="device: no answer within 300 s")
    if done.code or not done.out.strip():
        return Probe(missing=f"device: the probe {process.ending(done.code)}: {done.last_line}")
    return Probe(**json.loads(process.last_line(done.out)))


def resolve(
    wanted: str, progress: Callable[[str], None] = lambda _line: None, among: Sequence[Kind] = ASCEND
) -> Device:
    """The device to run on.

    Args:
        wanted: one of `among`, the simulator built if need be; or `auto`: the NPU where one answers, else a
            GPU, where `among` has it, else the simulator.
        progress: told what takes long.
        among: the kinds that serve.

    Raises:
        PortError: no such device, or the simulator does not build.
    """
    if wanted not in ("auto", *among):
        raise PortError(f"no device {wanted!r} for this", hint=f"--device auto, {' or '.join(among)}")
    if wanted in ("auto", "npu"):
        found = probe()
        if found.name:
            return Device("npu", found.name)
        if wanted == "npu":
            raise PortError(f"no NPU: {found.missing}", hint="npuport doctor, or --device sim")
    if wanted == "cuda" or (wanted == "auto" and "cuda" in among):
        gpu = _ask(_CUDA)
        if gpu.name:
            return Device("cuda", gpu.name, environment=_WITHOUT_NPU)
        if wanted == "cuda":
            raise PortError(f"no GPU: {gpu.missing}", hint="--device sim or cpu")
    if wanted == "cpu":
        return Device("cpu", processor(), environment=_WITHOUT_NPU)
    from npuport import simulator

    directory = simulator.ensure_built(progress)
    return Device("sim", simulator.DEVICE_NAME, directory, simulator.environment(directory))
