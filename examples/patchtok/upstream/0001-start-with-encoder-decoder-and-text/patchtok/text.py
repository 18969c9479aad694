"""Captions to features."""

import torch
from torch import Tensor, nn

from patchtok.config import PatchTokConfig
from patchtok.layers import Block, PlainMlp

BEGIN, END = 256, 257


def tokenize(captions: list[str], length: int) -> Tensor:
    """Token ids (B, length): a begin mark, the caption's UTF-8 bytes, an end mark, zeros."""
    tokens = torch.zeros(len(captions), length, dtype=torch.long)
    for row, caption in zip(tokens, captions, strict=True):
        ids = [BEGIN, *caption.encode()[: length - 2], END]
        row[: len(ids)] = torch.tensor(ids)
    return tokens


class TextTower(nn.Module):
    """A causal transformer; the caption's feature is read at its end mark."""

    def __init__(self, config: PatchTokConfig) -> None:
        super().__init__()
        self.tokens = nn.Embedding(config.vocabulary, config.text_width)
        self.positions = nn.Parameter(torch.randn(config.text_length, config.text_width) * 0.02)
        self.blocks = nn.ModuleList(
            Block(config.text_width, config.text_heads, PlainMlp(config.text_width))
            for _ in range(config.text_depth)
        )
        self.norm = nn.LayerNorm(config.text_width)
        ahead = torch.full((config.text_length, config.text_length), float("-inf")).triu(1)
        self.register_buffer("mask", ahead, persistent=False)

    def forward(self, text: Tensor) -> Tensor:
        """The feature (B, text_width) of each row of token ids."""
        length = text.shape[1]
        x = self.tokens(text) + self.positions[:length]
        for block in self.blocks:
            x = block(x, mask=self.mask[:length, :length])
        ends = text.argmax(dim=-1)  # the end mark is the largest id
        return self.norm(x)[torch.arange(len(text), device=text.device), ends]
