"""Putting the built simulator under torch_npu: in this process, and in the children it starts."""

import os
import subprocess
import sys
from pathlib import Path

from npuport.base.errors import PortError
from npuport.simulator.startup import softcann_startup

#: What torch.npu.get_device_name() says on the simulator.
DEVICE_NAME = f"Ascend910B4{softcann_startup.MARK}"

#: On PYTHONPATH, this directory gives a child Python the simulator.
STARTUP = Path(softcann_startup.__file__).resolve().parent


def activate(directory: Path, *, despite_cann: bool = False) -> None:
    """Put the simulator in `directory` under the torch_npu that this process imports later.

    Args:
        directory: what `ensure_built` returned.
        despite_cann: even where a real CANN is installed.

    Raises:
        PortError: a real CANN is installed, or torch_npu is loaded already, over something else.
    """
    refuse_real_cann(despite_cann)
    if "torch_npu" in sys.modules:
        if softcann_startup.mapped("libsoftcann_core.so"):
            return
        raise PortError("torch_npu is loaded already", hint="activate the simulator before importing torch")
    softcann_startup.install(directory)


def environment(directory: Path) -> dict[str, str]:
    """The variables with which a child Python, and every Python it starts, finds the simulator.

    They are to be laid over the parent's own. A child started with `-I`, `-E` or `-S` does not see them.
    """
    ours = str(STARTUP)
    others = [
        entry for entry in os.environ.get("PYTHONPATH", "").split(os.pathsep) if entry and entry != ours
    ]
    return {
        "PYTHONPATH": os.pathsep.join([ours, *others]),
        softcann_startup.VARIABLE: str(directory),
        "TORCH_DEVICE_BACKEND_AUTOLOAD": "1",
    }


def refuse_real_cann(despite_cann: bool) -> None:
    """Raise PortError where a real CANN is installed and the caller has not asked to go on."""
    found = real_cann()
    if found and not despite_cann:
        raise PortError(
            f"a real CANN is installed here ({found}), so the simulator stays out",
            hint="run without it, or `npuport sim exec --despite-cann -- ...`",
        )


def real_cann() -> str:
    """Where a real CANN would be loaded from; empty when there is none."""
    for variable in ("ASCEND_HOME_PATH", "ASCEND_TOOLKIT_HOME"):
        home = os.environ.get(variable, "")
        if home and Path(home).is_dir():
            return home
    for entry in os.environ.get("LD_LIBRARY_PATH", "").split(os.pathsep):
        if entry and (Path(entry) / "libascendcl.so").exists():
            return entry
    try:
        cached = subprocess.run(["/sbin/ldconfig", "-p"], capture_output=True, text=True, check=False).stdout
    except OSError:
        return ""
    lines = [line for line in cached.splitlines() if line.split()[:1] == ["libascendcl.so"]]
    return lines[0].split("=>")[-1].strip() if lines else ""
