"""torch for tests that need no device.

With torch_npu installed and neither CANN nor the simulator under it, a plain `import torch` fails.
"""

import os
import sys

if "torch" not in sys.modules:
    before = os.environ.get("TORCH_DEVICE_BACKEND_AUTOLOAD")
    os.environ["TORCH_DEVICE_BACKEND_AUTOLOAD"] = "0"
    import torch

    if before is None:
        del os.environ["TORCH_DEVICE_BACKEND_AUTOLOAD"]
    else:
        os.environ["TORCH_DEVICE_BACKEND_AUTOLOAD"] = before
else:
    import torch

__all__ = ["torch"]
