"""Latents to pixels."""

import torch
from torch import Tensor, nn

from patchtok.config import PatchTokConfig
from patchtok.layers import Block, GatedMlp
from patchtok.rotary import Rotary


class Decoder(nn.Module):
    """Blocks over the grid of latents, a patch of pixels from each token, and a smoothing convolution."""

    def __init__(self, config: PatchTokConfig) -> None:
        super().__init__()
        self.patch_size = config.patch_size
        self.widen = nn.Conv2d(config.latent_dim, config.width, 1)
        self.class_token = nn.Parameter(torch.randn(1, 1, config.width) * 0.02)
        self.rotary = Rotary(config.width // config.heads)
        self.blocks = nn.ModuleList(
            Block(config.width, config.heads, GatedMlp(config.width)) for _ in range(config.decoder_depth)
        )
        self.norm = nn.LayerNorm(config.width)
        self.pixels = nn.Linear(config.width, 3 * config.patch_size**2)
        self.smooth = nn.Conv2d(3, 3, 3, padding=1)

    def forward(self, latents: Tensor) -> Tensor:
        """The picture (B, 3, H, W) of latents (B, latent_dim, h, w)."""
        batch, _, height, width = latents.shape
        tokens = self.widen(latents).flatten(2).transpose(1, 2)
        tokens = torch.cat([self.class_token.expand(batch, -1, -1), tokens], dim=1)
        tables = self.rotary(height, width)
        for block in self.blocks:
            tokens = block(tokens, tables)
        size = self.patch_size
        patches = self.pixels(self.norm(tokens[:, 1:])).view(batch, height, width, 3, size, size)
        image = patches.permute(0, 3, 1, 4, 2, 5).reshape(batch, 3, height * size, width * size)
        return image + self.smooth(image)
