"""The adapter of patchtok: how to build the model, its inputs, its entry points."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from npuport.adapter import EntryPoint, Inputs
from npuport.parity.capture import read_weights
from npuport.parity.excite import excite

#: What differs from `PatchTokConfig()` at each size.
SIZES: dict[str, dict[str, int]] = {
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


def _entry(name: str, *needs: str, unit_norm: bool = False) -> EntryPoint:
    """A method of the model that takes its inputs in the order of `needs`."""

    def run(model: nn.Module, inputs: Inputs) -> Any:
        return getattr(model, name)(*(inputs[need] for need in needs))

    return EntryPoint(name, run, needs, unit_norm)


def _reconstruct(model: Any, inputs: Inputs) -> Any:
    return model.decode(model.encode(inputs["image"]))


class PatchTokAdapter:
    """The adapter; `npuport.adapter.Adapter` describes each member.

    Upstream is imported inside the methods: only then has the harness put its tree on the path.
    """

    name = "patchtok"
    sizes = tuple(SIZES)
    default_sizes = tuple(SIZES)
    entry_points = (
        _entry("encode", "image"),
        _entry("decode", "latents"),
        _entry("intermediate_features", "image"),
        _entry("embed_image", "image", unit_norm=True),
        _entry("embed_text", "text", unit_norm=True),
        _entry("logits", "image", "text"),
        _entry("forward", "image", "text"),
    )
    pipelines = (EntryPoint("reconstruction", _reconstruct, ("image",)),)
    headline = ("encode", "reconstruction", "embed_image")

    def stand_in(self) -> None:
        """Do nothing: the harness's own environment has everything that upstream imports."""

    def build(self, source: str | Path) -> nn.Module:
        """Call upstream's constructor, for a size or with a checkpoint's configuration and weights."""
        from patchtok import PatchTok, PatchTokConfig

        if isinstance(source, Path):
            model: nn.Module = PatchTok(PatchTokConfig.load(source / "config.json"))
            model.load_state_dict(read_weights(source))
        else:
            model = PatchTok(PatchTokConfig(**SIZES[source]))
        return model.eval()

    def load(self, directory: Path) -> nn.Module:
        """Load it by upstream's own loader."""
        from patchtok import PatchTok

        model: nn.Module = PatchTok.from_pretrained(directory)
        return model.eval()

    def save(self, model: nn.Module, directory: Path) -> None:
        """Save it by upstream's own writer."""
        model.save_pretrained(directory)  # type: ignore[operator]

    def excite(self, model: nn.Module, seed: int) -> None:
        """Excite the parameters by the harness's recipe, which needs the names of the attention's weights."""
        excite(model, seed, attention=("attention.qkv.weight",))

    def random_inputs(self, model: nn.Module, seed: int, count: int) -> dict[str, Tensor]:
        """Pictures in [-1, 1], latents with standard deviation 1, captions of random letters and length."""
        from patchtok.text import tokenize

        config: Any = model.config
        generator = torch.Generator().manual_seed(seed)
        side = config.image_size // config.patch_size
        lengths = torch.randint(1, config.text_length - 2, (count,), generator=generator).tolist()
        captions = [
            bytes(torch.randint(97, 123, (length,), generator=generator).tolist()).decode()
            for length in lengths
        ]
        return {
            "image": torch.rand(count, 3, config.image_size, config.image_size, generator=generator) * 2 - 1,
            "latents": torch.randn(count, config.latent_dim, side, side, generator=generator),
            "text": tokenize(captions, config.text_length),
        }

    def real_inputs(self, model: nn.Module, tree: Path) -> dict[str, Tensor]:
        """Upstream's own boat with its captions, and the latents that the model makes of the boat."""
        from patchtok.data import read_captions, read_image
        from patchtok.text import tokenize

        config: Any = model.config
        image = read_image(tree / "assets" / "boat.png", config.image_size)
        with torch.no_grad():
            latents = model.encode(image)  # type: ignore[operator]
        text = tokenize(read_captions(tree / "assets" / "captions.txt"), config.text_length)
        return {"image": image, "latents": latents, "text": text}

    def tighten(self, model: nn.Module) -> None:
        """Set the rotary tables to float32 by upstream's own option, on the finished model."""
        from patchtok.rotary import Rotary

        for module in model.modules():
            if isinstance(module, Rotary):
                module.dtype = torch.float32

    def pure(self, model: nn.Module) -> Iterable[nn.Module]:
        """The blocks that several entry points share, the decoder and the text tower."""
        yield from model.encoder.blocks  # type: ignore[union-attr, misc]
        for name in ("decoder", "text"):
            yield model.get_submodule(name)

    def seed(self, seed: int) -> None:
        """Call upstream's seeding helper."""
        from patchtok.seeding import seed_everything

        seed_everything(seed)


adapter = PatchTokAdapter()
