"""The simulated Ascend: CANN's libraries, built from the sources of softcann, under the real torch_npu.

directory = ensure_built()         # once for each torch, torch_npu, compiler and version of the sources
activate(directory)                # in this process, before it imports torch_npu
environment(directory)             # variables for a child Python, and for its own children
"""

from npuport.simulator.activate import DEVICE_NAME, activate, environment, real_cann
from npuport.simulator.build import built, ensure_built, plan

__all__ = ["DEVICE_NAME", "activate", "built", "ensure_built", "environment", "plan", "real_cann"]
