"""Activates the built simulator under torch_npu: in this process, or in its children."""

import os
import re
import sys
from pathlib import Path

from npuport.base import process
from npuport.base.errors import PortError
from npuport.simulator.startup import softcann_startup

#: What torch.npu.get_device_name() returns on the simulator.
DEVICE_NAME = f"Ascend910B4{softcann_startup.MARK}"

#: On PYTHONPATH, this directory activates the simulator in a child Python.
STARTUP = Path(softcann_startup.__file__).resolve().parent


def activate(directory: Path, *, despite_cann: bool = False) -> None:
    """Make this process use a simulator when it imports torch_npu.

    Args:
        directory: the built simulator, from `ensure_built`.
        despite_cann: activate it even if a real CANN is installed.

    Raises:
        PortError: a real CANN is installed, or torch_npu is already loaded without the simulator.
    """
    refuse_real_cann(despite_cann)
    if "torch_npu" not in sys.modules:
        softcann_startup.install(directory)
    elif not softcann_startup.mapped("libsoftcann_core.so"):
        raise PortError("torch_npu is already loaded", hint="activate the simulator before importing torch")


def environment(directory: Path) -> dict[str, str]:
    """The variables that activate a simulator in a child Python, and in every Python that it starts.

    Add them to the parent's environment. A Python started with `-I`, `-E` or `-S` ignores them.
    """
    inherited = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    others = [entry for entry in inherited if entry not in ("", str(STARTUP))]
    return {
        "PYTHONPATH": os.pathsep.join([str(STARTUP), *others]),
        softcann_startup.VARIABLE: str(directory),
        "TORCH_DEVICE_BACKEND_AUTOLOAD": "1",
    }


def refuse_real_cann(despite_cann: bool) -> None:
    """Raise PortError if a real CANN is installed, unless the user allows it."""
    cann = real_cann()
    if cann and not despite_cann:
        raise PortError(
            f"a real CANN is installed ({cann}), so the simulator is not used",
            hint="run it without the simulator, or with `npuport sim exec --despite-cann -- ...`",
        )


def real_cann() -> str:
    """The path that a real CANN would be loaded from; empty if none is installed."""
    for variable in ("ASCEND_HOME_PATH", "ASCEND_TOOLKIT_HOME"):
        home = os.environ.get(variable, "")
        if home and Path(home).is_dir():
            return home
    for entry in os.environ.get("LD_LIBRARY_PATH", "").split(os.pathsep):
        if entry and (Path(entry) / "libascendcl.so").exists():
            return entry
    try:
        listing = process.run(["/sbin/ldconfig", "-p"]).out
    except process.ProcessError:
        return ""
    match = re.search(r"^\s*libascendcl\.so\b.*=> *(.*)$", listing, re.M)
    return match[1] if match else ""
