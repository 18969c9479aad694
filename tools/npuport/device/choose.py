"""The device to run on: an NPU where one answers, else the simulator; for timings also a GPU or the CPU."""

import json
import platform
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from npuport.base import process
from npuport.base.errors import PortError
from npuport.base.text import Progress, silent

Kind = Literal["npu", "sim", "cuda", "cpu"]

#: The kinds on which the parity suite runs.
ASCEND: tuple[Kind, ...] = ("npu", "sim")
#: The kinds on which a model can be timed.
ALL: tuple[Kind, ...] = ("npu", "sim", "cuda", "cpu")

#: The name of every simulated device contains this word.
SIMULATED = "simulated"

#: Prints the device's name as JSON. It runs in a child process, which a crash of the driver ends, not us.
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

#: With torch_npu installed and no CANN, `import torch` fails unless it does not load torch_npu.
WITHOUT_NPU = {"TORCH_DEVICE_BACKEND_AUTOLOAD": "0"}


@dataclass(frozen=True)
class Device:
    """A device to run on.

    Args:
        kind: `npu` for a real one, `sim` for the simulator, `cuda`, `cpu`.
        name: as reports show it; the name of a simulated device contains "simulated".
        simulator: the built simulator's directory, for `sim`.
        environment: the variables that a child Python needs in addition to ours to find the device.
    """

    kind: Kind
    name: str
    simulator: Path | None = None
    environment: Mapping[str, str] = field(default_factory=dict)

    @property
    def simulated(self) -> bool:
        return self.kind == "sim"

    @property
    def torch(self) -> str:
        """Its name in torch: `npu:0`."""
        return {"npu": "npu:0", "sim": "npu:0", "cuda": "cuda:0", "cpu": "cpu"}[self.kind]

    def activate(self) -> None:
        """Make the device, and no other, visible to torch in this process; call before torch is imported."""
        if self.kind not in ASCEND:
            sys.modules["torch_npu"] = None  # type: ignore[assignment]  # transformers imports what it finds
        if self.simulator is not None:
            from npuport import simulator  # a bundle lacks it

            simulator.activate(self.simulator)


@dataclass(frozen=True)
class Probe:
    """The answer of a device: its name, or the first thing that is missing."""

    name: str = ""
    missing: str = ""


def probe() -> Probe:
    """Ask for a real NPU: the driver first, then CANN, torch_npu and the device."""
    if not any(Path("/dev").glob("davinci*")):
        return Probe(missing="driver: no /dev/davinci*")
    return _ask(_PROBE)


def processor() -> str:
    """The CPU's name, as the system reports it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    named = [line.partition(":")[2].strip() for line in lines if line.startswith(("model name", "Model"))]
    return next(filter(None, named), platform.processor() or platform.machine())


def _ask(question: str) -> Probe:
    variables = process.environment(WITHOUT_NPU if question is _CUDA else None)
    try:
        done = process.run(process.python("-c", question), environment=variables, seconds=300)
    except process.ProcessError:
        return Probe(missing="device: no answer within 300 s")
    if done.code or not done.out.strip():
        return Probe(missing=f"device: the probe {process.ending(done.code)}: {done.last_line}")
    return Probe(**json.loads(process.last_line(done.out)))


def resolve(wanted: str, progress: Progress = silent, among: Sequence[Kind] = ASCEND) -> Device:
    """The device to run on.

    Args:
        wanted: one of `among`, or `auto`: the NPU where one answers, else a GPU if `among` has it, else the
            simulator, which is built if necessary.
        progress: called before work that takes long.
        among: the allowed kinds.

    Raises:
        PortError: there is no such device, or the simulator cannot be built.
    """
    if wanted not in ("auto", *among):
        raise PortError(f"device {wanted!r} cannot be used here", hint=f"--device auto, {' or '.join(among)}")
    if wanted in ("auto", "npu"):
        npu = probe()
        if npu.name:
            return Device("npu", npu.name)
        if wanted == "npu":
            raise PortError(f"no NPU: {npu.missing}", hint="npuport doctor, or --device sim")
    if wanted == "cuda" or (wanted == "auto" and "cuda" in among):
        gpu = _ask(_CUDA)
        if gpu.name:
            return Device("cuda", gpu.name, environment=WITHOUT_NPU)
        if wanted == "cuda":
            raise PortError(f"no GPU: {gpu.missing}", hint="--device sim or cpu")
    if wanted == "cpu":
        return Device("cpu", processor(), environment=WITHOUT_NPU)
    from npuport import simulator  # a bundle lacks it

    directory = simulator.ensure_built(progress)
    return Device("sim", simulator.DEVICE_NAME, directory, simulator.environment(directory))
