"""A picture tokenizer: encoder, pixel decoder and a text tower."""

from patchtok.config import PatchTokConfig
from patchtok.model import PatchTok

__all__ = ["PatchTok", "PatchTokConfig"]
