"""Pictures to tokens."""

import torch
from torch import Tensor, nn

from patchtok.config import PatchTokConfig
from patchtok.layers import Block, GatedMlp
from patchtok.rotary import Rotary


class Encoder(nn.Module):
    """A small vision transformer with a class token, and a bottleneck that makes the latents."""

    def __init__(self, config: PatchTokConfig) -> None:
        super().__init__()
        self.patches = nn.Conv2d(3, config.width, config.patch_size, stride=config.patch_size)
        self.class_token = nn.Parameter(torch.randn(1, 1, config.width) * 0.02)
        self.rotary = Rotary(config.width // config.heads)
        self.blocks = nn.ModuleList(
            Block(config.width, config.heads, GatedMlp(config.width)) for _ in range(config.depth)
        )
        self.norm = nn.LayerNorm(config.width)
        self.bottleneck = nn.Conv2d(config.width, config.latent_dim, 1)

    def layers(self, image: Tensor) -> tuple[list[Tensor], tuple[int, int]]:
        """The tokens after every block, (B, 1 + h * w, width) each, and the grid (h, w)."""
        grid = self.patches(image)
        height, width = grid.shape[-2:]
        tokens = grid.flatten(2).transpose(1, 2)
        tokens = torch.cat([self.class_token.expand(len(tokens), -1, -1), tokens], dim=1)
        tables = self.rotary(height, width)
        outputs = []
        for block in self.blocks:
            tokens = block(tokens, tables)
            outputs.append(tokens)
        return outputs, (height, width)

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """The class token (B, width) and the latents (B, latent_dim, h, w) of a picture."""
        outputs, (height, width) = self.layers(image)
        tokens = self.norm(outputs[-1])
        grid = tokens[:, 1:].transpose(1, 2).unflatten(2, (height, width))
        return tokens[:, 0], self.bottleneck(grid)
