"""The block that all three towers are made of."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from patchtok.rotary import rotate


class Attention(nn.Module):
    """Self-attention over (B, N, width), with optional rotary tables and an additive mask."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)

    def forward(
        self, x: Tensor, tables: tuple[Tensor, Tensor] | None = None, mask: Tensor | None = None
    ) -> Tensor:
        """Attend and project; the shape stays."""
        batch, length, width = x.shape
        parts = self.qkv(x).view(batch, length, 3, self.heads, width // self.heads)
        query, key, value = parts.permute(2, 0, 3, 1, 4).unbind(0)
        if tables is not None:
            query, key = rotate(query, *tables), rotate(key, *tables)
        mixed = functional.scaled_dot_product_attention(query, key, value, attn_mask=mask)
        return self.out(mixed.transpose(1, 2).reshape(batch, length, width))


class GatedMlp(nn.Module):
    """Two matrices up, one of them a SiLU gate, and one down."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.up = nn.Linear(width, 4 * width)
        self.down = nn.Linear(2 * width, width)

    def forward(self, x: Tensor) -> Tensor:
        """Transform each token by itself."""
        gate, value = self.up(x).chunk(2, dim=-1)
        return self.down(functional.silu(gate) * value)


class PlainMlp(nn.Module):
    """Up, GELU, down."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.up = nn.Linear(width, 4 * width)
        self.down = nn.Linear(4 * width, width)

    def forward(self, x: Tensor) -> Tensor:
        """Transform each token by itself."""
        return self.down(functional.gelu(self.up(x)))


class Block(nn.Module):
    """Normalise, attend, add; normalise, transform, add."""

    def __init__(self, width: int, heads: int, mlp: nn.Module) -> None:
        super().__init__()
        self.attention_norm = nn.LayerNorm(width)
        self.attention = Attention(width, heads)
        self.mlp_norm = nn.LayerNorm(width)
        self.mlp = mlp

    def forward(
        self, x: Tensor, tables: tuple[Tensor, Tensor] | None = None, mask: Tensor | None = None
    ) -> Tensor:
        """One layer of a tower; the shape stays."""
        x = x + self.attention(self.attention_norm(x), tables, mask)
        return x + self.mlp(self.mlp_norm(x))


def unit(x: Tensor) -> Tensor:
    """Vectors of length one along the last dimension."""
    return x / torch.linalg.vector_norm(x, dim=-1, keepdim=True)
