"""The whole model, and how it is saved and loaded."""

from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from patchtok.config import PatchTokConfig
from patchtok.decoder import Decoder
from patchtok.encoder import Encoder
from patchtok.layers import unit
from patchtok.text import TextTower


class PatchTok(nn.Module):
    """Encoder, decoder and text tower, with one feature space for pictures and captions."""

    def __init__(self, config: PatchTokConfig) -> None:
        super().__init__()
        self.config = config
        self.encoder = Encoder(config)
        self.decoder = Decoder(config)
        self.text = TextTower(config)
        self.image_projection = nn.Linear(config.width, config.feature_dim, bias=False)
        self.text_projection = nn.Linear(config.text_width, config.feature_dim, bias=False)
        self.logit_scale = nn.Parameter(torch.tensor(2.0))

    def encode(self, image: Tensor) -> Tensor:
        """Latents (B, latent_dim, h, w) of pictures (B, 3, H, W) in [-1, 1]."""
        return self.encoder(image)[1]

    def decode(self, latents: Tensor) -> Tensor:
        """Pictures (B, 3, H, W) of latents."""
        return self.decoder(latents)

    def intermediate_features(self, image: Tensor, last: int = 2) -> list[tuple[Tensor, Tensor]]:
        """Class token and patch tokens after each of the last blocks, normalised."""
        outputs, _ = self.encoder.layers(image)
        normed = [self.encoder.norm(tokens) for tokens in outputs[-last:]]
        return [(tokens[:, 0], tokens[:, 1:]) for tokens in normed]

    def embed_image(self, image: Tensor) -> Tensor:
        """Unit vectors (B, feature_dim) of pictures."""
        return unit(self.image_projection(self.encoder(image)[0]))

    def embed_text(self, text: Tensor) -> Tensor:
        """Unit vectors (B, feature_dim) of captions, given as token ids (B, text_length)."""
        return unit(self.text_projection(self.text(text)))

    def logits(self, image: Tensor, text: Tensor) -> Tensor:
        """Agreement of every picture with every caption, (pictures, captions)."""
        return self.logit_scale.exp() * self.embed_image(image) @ self.embed_text(text).T

    def forward(self, image: Tensor, text: Tensor) -> dict[str, object]:
        """Everything at once: latents, the picture rebuilt from them, features and logits."""
        token, latents = self.encoder(image)
        features = unit(self.image_projection(token)), self.embed_text(text)
        return {
            "latents": latents,
            "picture": self.decoder(latents),
            "features": {"image": features[0], "text": features[1]},
            "logits": self.logit_scale.exp() * features[0] @ features[1].T,
        }

    def save_pretrained(self, directory: str | Path) -> None:
        """Write `config.json` and `model.safetensors`."""
        directory = Path(directory)
        directory.mkdir(parents=True, exist_ok=True)
        self.config.save(directory / "config.json")
        tensors = {name: tensor.contiguous() for name, tensor in self.state_dict().items()}
        save_file(tensors, directory / "model.safetensors")

    @classmethod
    def from_pretrained(cls, directory: str | Path) -> "PatchTok":
        """The model that `save_pretrained` wrote, on the CPU."""
        directory = Path(directory)
        model = cls(PatchTokConfig.load(directory / "config.json"))
        model.load_state_dict(load_file(directory / "model.safetensors"))
        return model
