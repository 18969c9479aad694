"""The simulator: whether it is built for the installed packages, and whether it starts."""

import sys
from pathlib import Path

from npuport import simulator as simulators
from npuport.base.errors import PortError
from npuport.base.process import environment, last_line, python, run
from npuport.doctor.check import Check

#: Seconds that torch_npu may take to start on the simulator: a cold disk is slow.
START = 120
ASK = "import torch; print(torch.npu.get_device_name(0))"


def simulator() -> Check:
    """Check that it is built from these sources for these packages, and that torch_npu starts on it."""
    try:
        wanted = simulators.plan().directory
    except PortError as error:
        return Check("simulator", "missing", f"cannot be built: {error.message}", error.hint)
    if not simulators.built(wanted):
        older = any(simulators.built(directory) for directory in wanted.parent.glob("*/"))
        why = "built for other packages or sources" if older else "not built yet"
        return Check("simulator", "missing", f"{why}; `make test-npu` builds it", "npuport sim build", True)
    return answering(wanted)


def answering(directory: Path) -> Check:
    """Check in a child process that torch_npu starts on a built simulator."""
    if home := simulators.real_cann():
        found = f"built, but not used: a real CANN is installed in {home}"
        return Check("simulator", "good", found)
    ran = run(python("-c", ASK), environment=environment(simulators.environment(directory)), seconds=START)
    if ran.code:
        hint = f"npuport sim exec -- {sys.executable} -c 'import torch_npu'"
        return Check("simulator", "wrong", f"built, but torch_npu does not start: {ran.last_line}", hint)
    return Check("simulator", "good", f"built, its device is {last_line(ran.out)}")
