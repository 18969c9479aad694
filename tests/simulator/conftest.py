"""torch_npu runs on the simulator in this process; see `worlds.simulated`."""

from worlds.simulated import directory, pytest_pycollect_makemodule, run, settled

__all__ = ["directory", "pytest_pycollect_makemodule", "run", "settled"]
