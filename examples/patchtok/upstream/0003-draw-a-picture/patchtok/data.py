"""Pictures and captions from files."""

from pathlib import Path

import torch
from PIL import Image
from torch import Tensor


def read_image(path: Path, size: int) -> Tensor:
    """A picture as (1, 3, size, size), float32 in [-1, 1]."""
    picture = Image.open(path).convert("RGB").resize((size, size), Image.Resampling.BICUBIC)
    pixels = torch.frombuffer(bytearray(picture.tobytes()), dtype=torch.uint8)
    return pixels.view(size, size, 3).permute(2, 0, 1)[None] / 127.5 - 1


def read_captions(path: Path) -> list[str]:
    """The captions of a file, one in each line."""
    return path.read_text().splitlines()
