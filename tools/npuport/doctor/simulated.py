"""The simulator: built for the packages that are here, stale, or to be built; and whether it answers."""

import sys
from pathlib import Path

from npuport.base.errors import PortError
from npuport.base.process import environment, python, run
from npuport.doctor.finding import Finding

#: Seconds that torch_npu may take to start on the simulator: a cold disk is slow.
START = 120
ASK = "import torch; print(torch.npu.get_device_name(0))"


def simulator() -> Finding:
    """Whether it is built from these sources against these packages, and torch_npu runs on it."""
    from npuport import simulator as simulators

    try:
        wanted = simulators.plan().directory
    except PortError as error:
        return Finding("simulator", "missing", f"cannot be built: {error.message}", error.hint)
    if not simulators.built(wanted):
        older = any(simulators.built(directory) for directory in wanted.parent.glob("*/"))
        why = "built for other packages or sources" if older else "not built yet"
        return Finding("simulator", "missing", f"{why}; `make test-npu` builds it", "npuport sim build", True)
    return answering(wanted)


def answering(directory: Path) -> Finding:
    """Start torch_npu on a built simulator and ask for the device's name, in a child process."""
    from npuport import simulator as simulators

    if home := simulators.real_cann():
        found = f"built, but stays out of the way of the real CANN in {home}"
        return Finding("simulator", "good", found)
    ran = run(python("-c", ASK), environment=environment(simulators.environment(directory)), seconds=START)
    if ran.code:
        hint = f"npuport sim exec -- {sys.executable} -c 'import torch_npu'"
        return Finding("simulator", "wrong", f"built, but torch_npu does not start: {ran.last_line}", hint)
    return Finding("simulator", "good", f"built, answers as {(ran.out.splitlines() or ['nobody'])[-1]}")
