"""torch is loaded first without torch_npu, which needs CANN or the simulator; see `worlds.cputorch`."""

import worlds.cputorch  # noqa: F401
