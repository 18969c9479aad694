"""The parity suite: a ported model on a device, compared with its upstream on the CPU.

    upstream at the pin -> reference process: checkpoint, golden, ensemble   (npuport.parity.reference)
    ported tree         -> this process: load the checkpoint, run on the device, compare

Nothing here depends on the model; what does is in the port's adapter.
"""

from npuport.suite.plugin import *  # noqa: F403 - pytest finds hooks and fixtures by their names
from npuport.suite.plugin import pytest_addoption  # noqa: F401
