"""Where the candidate runs: a real NPU where one answers, else the simulator."""

import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from npuport.errors import PortError

Kind = Literal["npu", "sim"]

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
count = torch.npu.device_count() if torch.npu.is_available() else 0
if not count:
    print(json.dumps({"missing": "device: torch.npu.is_available() is False"}))
    raise SystemExit
assert (torch.ones(2, device="npu:0") * 2).cpu().tolist() == [2.0, 2.0]
print(json.dumps({"name": torch.npu.get_device_name(0), "count": count}))
"""


@dataclass(frozen=True)
class Device:
    """A device to run on.

    Args:
        kind: `npu` for a real one, `sim` for the simulator.
        name: as reports show it; a simulated one says so.
        simulator: the built simulator's directory, for `sim`.
        environment: what a child Python needs besides this process's environment to find the device.
    """

    kind: Kind
    name: str
    simulator: Path | None = None
    environment: Mapping[str, str] = field(default_factory=dict)

    def activate(self) -> None:
        """Make the device visible to torch_npu in this process; call before anything imports torch."""
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
    try:
        done = subprocess.run(
            [sys.executable, "-c", _PROBE], capture_output=True, text=True, timeout=300, check=False
        )
    except subprocess.TimeoutExpired:
        return Probe(missing="device: no answer within 300 s")
    lines = done.stdout.strip().splitlines()
    if done.returncode or not lines:
        last = (done.stderr.strip().splitlines() or ["no output"])[-1]
        return Probe(missing=f"device: the probe ended with code {done.returncode}: {last}")
    answer = json.loads(lines[-1])
    return Probe(name=answer.get("name", ""), missing=answer.get("missing", ""))


def resolve(wanted: str, progress: Callable[[str], None] = lambda _line: None) -> Device:
    """The device to run on.

    Args:
        wanted: `npu`; `sim`, built if need be; or `auto`, the NPU where one answers and else the simulator.
        progress: told what takes long.

    Raises:
        PortError: no such device, or the simulator does not build.
    """
    if wanted not in ("auto", "npu", "sim"):
        raise PortError(f"no device {wanted!r}", mend="--device auto, npu or sim")
    if wanted != "sim":
        found = probe()
        if found.name:
            return Device("npu", found.name)
        if wanted == "npu":
            raise PortError(f"no NPU: {found.missing}", mend="npuport doctor, or --device sim")
    from npuport import simulator

    directory = simulator.ensure_built(progress)
    return Device("sim", simulator.DEVICE_NAME, directory, simulator.environment(directory))
