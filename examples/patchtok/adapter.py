"""patchtok, told to the harness: how to build, load, excite and call it."""

from collections.abc import Iterable
from copy import deepcopy
from pathlib import Path

import torch
from npuport.adapter import EntryPoint
from torch import Tensor, nn

SIZES = {
    "tiny": {
        "image_size": 32,
        "width": 64,
        "heads": 2,
        "depth": 2,
        "decoder_depth": 1,
        "text_width": 48,
        "text_heads": 3,
        "text_depth": 2,
        "feature_dim": 32,
    },
    "small": {},
}


class PatchTokAdapter:
    """See `npuport.adapter.Adapter`; upstream is imported in the methods, when its tree is on the path."""

    name = "patchtok"
    sizes = tuple(SIZES)
    entry_points = (
        EntryPoint("encode", lambda model, x: model.encode(x["image"]), ("image",)),
        EntryPoint("decode", lambda model, x: model.decode(x["latents"]), ("latents",)),
        EntryPoint(
            "intermediate_features", lambda model, x: model.intermediate_features(x["image"]), ("image",)
        ),
        EntryPoint("embed_image", lambda model, x: model.embed_image(x["image"]), ("image",), unit_norm=True),
        EntryPoint("embed_text", lambda model, x: model.embed_text(x["text"]), ("text",), unit_norm=True),
        EntryPoint("logits", lambda model, x: model.logits(x["image"], x["text"]), ("image", "text")),
        EntryPoint("forward", lambda model, x: model(x["image"], x["text"]), ("image", "text")),
    )

    def stand_in(self) -> None:
        """Upstream imports torch, safetensors and Pillow only: there is nothing to stand in for."""

    def build(self, size: str) -> nn.Module:
        """The model of a size, with upstream's own initial weights."""
        from patchtok import PatchTok, PatchTokConfig

        model: nn.Module = PatchTok(PatchTokConfig(**SIZES[size]))
        return model.eval()

    def load(self, directory: Path) -> nn.Module:
        """The model from a checkpoint directory."""
        from patchtok import PatchTok

        model: nn.Module = PatchTok.from_pretrained(directory)
        return model.eval()

    def save(self, model: nn.Module, directory: Path) -> None:
        """Write a checkpoint that `load` reads."""
        model.save_pretrained(directory)

    @torch.no_grad()
    def excite(self, model: nn.Module, seed: int) -> None:
        """Norm weights 1 +- 0.2, biases +- 0.1, matrices at 1 / sqrt(fan in), attention logits of spread 2.6."""
        generator = torch.Generator().manual_seed(seed)

        def normal(parameter: Tensor, mean: float, spread: float) -> None:
            parameter.copy_(mean + spread * torch.randn(parameter.shape, generator=generator))

        for name, parameter in model.named_parameters():
            if name == "logit_scale":
                continue  # the one scalar; its initial value hides nothing
            if "norm" in name and name.endswith("weight"):
                normal(parameter, 1.0, 0.2)
            elif name.endswith("bias"):
                normal(parameter, 0.0, 0.1)
            elif name.endswith("weight") and not name.startswith("text.tokens"):
                normal(parameter, 0.0, parameter[0].numel() ** -0.5)
            else:  # class tokens, positions, the embedding of the text's tokens
                normal(parameter, 0.0, 1.0)
            if name.endswith("qkv.weight"):
                queries_and_keys = parameter[: 2 * len(parameter) // 3]
                queries_and_keys.mul_(2.6**0.5)

    def random_inputs(self, model: nn.Module, seed: int, count: int) -> dict[str, Tensor]:
        """Pictures in [-1, 1], latents of spread 1, captions of random letters and length."""
        from patchtok.text import tokenize

        config = model.config
        generator = torch.Generator().manual_seed(seed)
        side = config.image_size // config.patch_size
        lengths = torch.randint(1, config.text_length - 2, (count,), generator=generator).tolist()
        letters = [torch.randint(97, 123, (length,), generator=generator).tolist() for length in lengths]
        return {
            "image": torch.rand(count, 3, config.image_size, config.image_size, generator=generator) * 2 - 1,
            "latents": torch.randn(count, config.latent_dim, side, side, generator=generator),
            "text": tokenize([bytes(caption).decode() for caption in letters], config.text_length),
        }

    def real_inputs(self, model: nn.Module, tree: Path) -> dict[str, Tensor]:
        """Upstream's own boat with its captions, and the latents that the model makes of it."""
        from patchtok.data import read_captions, read_image
        from patchtok.text import tokenize

        image = read_image(tree / "assets" / "boat.png", model.config.image_size)
        captions = read_captions(tree / "assets" / "captions.txt")
        with torch.inference_mode():
            latents = model.encode(image)
        return {
            "image": image,
            "latents": latents.clone(),
            "text": tokenize(captions, model.config.text_length),
        }

    def golden(self, model: nn.Module) -> nn.Module:
        """A float64 copy that rounds the rotary tables where upstream rounds them, and nothing else."""
        from patchtok.rotary import Rotary

        twin = deepcopy(model).double()
        for ours, theirs in zip(twin.modules(), model.modules(), strict=True):
            if isinstance(ours, Rotary) and theirs.dtype == torch.bfloat16:
                ours.frequencies = theirs.frequencies.clone()  # `.double()` took the rounding away
            elif isinstance(ours, Rotary):
                ours.dtype = torch.float64
        return twin

    def tighten(self, model: nn.Module) -> None:
        """Compute the rotary tables in float32: upstream's own option, set after the fact."""
        from patchtok.rotary import Rotary

        for module in model.modules():
            if isinstance(module, Rotary):
                module.dtype = torch.float32

    def pure(self, model: nn.Module) -> Iterable[nn.Module]:
        """The three towers."""
        return model.encoder, model.decoder, model.text

    def seed(self, seed: int) -> None:
        """Upstream's seeding helper."""
        from patchtok.seeding import seed_everything

        seed_everything(seed)


adapter = PatchTokAdapter()
