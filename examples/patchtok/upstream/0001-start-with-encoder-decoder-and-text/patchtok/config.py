"""The sizes of a model, kept beside its weights as JSON."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True)
class PatchTokConfig:
    """Every number that the constructor of a model needs."""

    image_size: int = 64
    patch_size: int = 8
    width: int = 128
    heads: int = 4
    depth: int = 4
    decoder_depth: int = 2
    latent_dim: int = 16
    vocabulary: int = 258
    text_length: int = 32
    text_width: int = 96
    text_heads: int = 4
    text_depth: int = 3
    feature_dim: int = 64

    def save(self, path: Path) -> None:
        """Write the configuration as JSON."""
        path.write_text(json.dumps(asdict(self), indent=2) + "\n")

    @classmethod
    def load(cls, path: Path) -> "PatchTokConfig":
        """Read a configuration that `save` wrote."""
        return cls(**json.loads(path.read_text()))
