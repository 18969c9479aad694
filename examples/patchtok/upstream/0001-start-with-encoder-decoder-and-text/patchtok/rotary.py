"""Rotary positions on a grid: half of a head turns with the row, half with the column."""

import math

import torch
from torch import Tensor, nn


class Rotary(nn.Module):
    """Sine and cosine tables of the patches of a picture, preceded by one class token.

    The class token has no place in the picture: its angles are zero and nothing turns.
    """

    def __init__(self, head_dim: int, base: float = 30.0) -> None:
        super().__init__()
        steps = torch.arange(head_dim // 4) / (head_dim // 4)
        self.register_buffer("frequencies", base**-steps)

    def forward(self, height: int, width: int) -> tuple[Tensor, Tensor]:
        """The tables of a grid, each (1 + height * width, head_dim)."""
        device = "cuda" if torch.cuda.is_available() else "cpu"
        rows = (torch.arange(height, device=device) + 0.5) / height - 0.5
        columns = (torch.arange(width, device=device) + 0.5) / width - 0.5
        down = torch.outer(rows, self.frequencies)[:, None].expand(-1, width, -1)
        across = torch.outer(columns, self.frequencies)[None].expand(height, -1, -1)
        angles = torch.cat([down, across], dim=-1).flatten(0, 1) * (2 * math.pi)
        angles = torch.cat([torch.zeros_like(angles[:1]), angles])
        angles = torch.cat([angles, angles], dim=1)
        return angles.sin(), angles.cos()


def rotate(x: Tensor, sine: Tensor, cosine: Tensor) -> Tensor:
    """Turn queries or keys, (B, heads, N, head_dim), by the tables of their positions."""
    first, second = x.chunk(2, dim=-1)
    return x * cosine + torch.cat([-second, first], dim=-1) * sine
