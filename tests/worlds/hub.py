"""What the tests of the hubs share: a small model, and how a test starts a hub."""

from collections.abc import Callable

import numpy as np
from safetensors.numpy import save

from worlds.hubserver import Hub

CONFIG, TENSORS = b'{"depth": 2}', save({"w": np.arange(9000.0)})
FILES = {
    "config.json": CONFIG,
    "model.safetensors": TENSORS,
    "pytorch_model.bin": b"a pickle",
    "modeling.py": b"raise SystemExit('remote code')",
    "onnx/config.json": b"{}",
    "README.md": b"# A model",
}

Start = Callable[..., Hub]


def silent(_: str) -> None:
    """Progress."""
