"""The adapter of MiniMax-AI/VTP: how to build the model, its inputs, its entry points."""

import importlib
import importlib.util
import sys
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType
from typing import Any

import torch
from torch import Tensor, nn

from npuport.adapter import EntryPoint, Inputs
from npuport.parity.capture import read_weights
from npuport.parity.excite import excite

#: What differs from `VTPConfig()` at each size. Tiny keeps the whole vocabulary, to read real captions.
SIZES: dict[str, dict[str, int]] = {
    "tiny": {
        "image_size": 64,
        "vision_embed_dim": 128,
        "vision_num_heads": 2,
        "vision_depth": 2,
        "text_embed_dim": 64,
        "text_num_heads": 4,
        "text_depth": 2,
        "decoder_embed_dim": 128,
        "decoder_num_heads": 2,
        "decoder_depth": 2,
    },
    "small": {
        "vision_embed_dim": 384,
        "vision_num_heads": 6,
        "decoder_embed_dim": 384,
        "decoder_num_heads": 6,
    },
    "base": {},
}

CAPTIONS = (
    "a photo of a dog",
    "a photo of a cat",
    "two bowls of noodles on a wooden table, seen from above",
    "an aerial view of a harbour at night",
)

#: The images' normalisation in upstream's evaluation scripts.
MEAN = (0.485, 0.456, 0.406)
STD = (0.229, 0.224, 0.225)


def _entry(name: str, method: str, *needs: str, unit_norm: bool = False, **options: Any) -> EntryPoint:
    def run(model: nn.Module, inputs: Inputs) -> Any:
        return getattr(model, method)(*(inputs[need] for need in needs), **options)

    return EntryPoint(name, run, needs, unit_norm)


def _forward(kind: str, *needs: str) -> EntryPoint:
    def run(model: nn.Module, inputs: Inputs) -> Any:
        return model(**{need: inputs[need] for need in needs}, forward_type=kind)

    return EntryPoint(f"forward({kind})", run, needs)


def _middle_layers(model: nn.Module, inputs: Inputs) -> Any:
    depth = len(model.trunk.blocks)
    return model.get_intermediate_layers_feature(
        inputs["image"], n=[0, depth // 2], reshape=True, return_class_token=True, norm=False
    )


def _reconstruct(model: Any, inputs: Inputs) -> Any:
    return model.get_latents_decoded_images(model.get_reconstruction_latents(inputs["image"]))


class Vtp:
    """The adapter; `npuport.adapter.Adapter` describes each member."""

    name = "VTP"
    sizes = tuple(SIZES)
    default_sizes = ("tiny", "small")
    entry_points = (
        _entry("get_last_layer_feature", "get_last_layer_feature", "image"),
        _entry(
            "get_last_layer_feature(use_bottleneck)", "get_last_layer_feature", "image", use_bottleneck=True
        ),
        _entry("get_intermediate_layers_feature", "get_intermediate_layers_feature", "image", n=1),
        EntryPoint("get_intermediate_layers_feature(n=[..], reshape)", _middle_layers, ("image",)),
        _entry("get_reconstruction_latents", "get_reconstruction_latents", "image"),
        _entry("get_latents_decoded_images", "get_latents_decoded_images", "latents"),
        _entry("get_clip_image_feature", "get_clip_image_feature", "image", unit_norm=True),
        _entry("get_clip_text_feature", "get_clip_text_feature", "text", unit_norm=True),
        _entry("get_clip_logits", "get_clip_logits", "image", "text"),
        _forward("clip", "image", "text"),
        _forward("rec", "image"),
        _forward("feature", "image"),
    )
    pipelines = (EntryPoint("full reconstruction", _reconstruct, ("image",)),)
    headline = (
        "get_last_layer_feature",
        "get_reconstruction_latents",
        "full reconstruction",
        "get_clip_image_feature",
    )

    def stand_in(self) -> None:
        """Provide `FrozenBatchNorm2d`, which upstream imports from torchvision for a helper of training.

        Only while upstream is imported: transformers must not take the stand-in for torchvision.
        """
        if importlib.util.find_spec("torchvision") is not None:
            return
        importlib.import_module("transformers.modeling_utils")
        misc = ModuleType("torchvision.ops.misc")
        misc.FrozenBatchNorm2d = type("FrozenBatchNorm2d", (nn.Module,), {})  # type: ignore[attr-defined]
        names = ("torchvision", "torchvision.ops", "torchvision.ops.misc")
        sys.modules.update(zip(names, (ModuleType(names[0]), ModuleType(names[1]), misc), strict=True))
        try:
            importlib.import_module("vtp.models.vtp_hf")
        finally:
            for name in names:
                del sys.modules[name]

    def build(self, source: str | Path) -> nn.Module:
        """Call the constructor, for a size or with a checkpoint's configuration and weights."""
        from vtp.models.vtp_hf import VTPConfig, VTPModel

        if isinstance(source, Path):
            model: nn.Module = VTPModel(VTPConfig.from_pretrained(source))
            model.load_state_dict(read_weights(source))
        else:
            model = VTPModel(VTPConfig(**SIZES[source]))
        return model.eval()

    def load(self, directory: Path) -> nn.Module:
        """Load it as upstream's README does."""
        from vtp.models.vtp_hf import VTPConfig, VTPModel

        config = VTPConfig.from_pretrained(directory)
        model: nn.Module = VTPModel.from_pretrained(directory, config=config).eval()
        return model

    def save(self, model: nn.Module, directory: Path) -> None:
        """Save it by transformers."""
        model.save_pretrained(directory)  # type: ignore[operator]

    def excite(self, model: nn.Module, seed: int) -> None:
        """Excite the parameters by the harness's recipe, which needs the names of the attention's weights."""
        excite(model, seed, attention=("attn.qkv.weight", "attn.in_proj_weight"))

    def random_inputs(self, model: nn.Module, seed: int, count: int) -> dict[str, Tensor]:
        """Normal images and latents; captions of random words and length."""
        config: Any = model.config
        generator = torch.Generator().manual_seed(seed)
        side = config.image_size // config.vision_patch_size
        text = torch.zeros(count, config.text_context_length, dtype=torch.long)
        for row in text:  # start, words, end (the highest id, which marks the place to pool), padding
            words = int(torch.randint(3, config.text_context_length - 2, (), generator=generator))
            row[0] = config.text_vocab_size - 2
            row[1 : words + 1] = torch.randint(1, config.text_vocab_size - 2, (words,), generator=generator)
            row[words + 1] = config.text_vocab_size - 1
        return {
            "image": torch.randn(count, 3, config.image_size, config.image_size, generator=generator),
            "latents": torch.randn(count, config.vision_feature_bottleneck, side, side, generator=generator),
            "text": text,
        }

    def real_inputs(self, model: nn.Module, tree: Path) -> dict[str, Tensor]:
        """Upstream's dog, captions through its tokenizer, and the latents that the model makes of the dog."""
        import numpy as np
        from PIL import Image
        from vtp.tokenizers import get_tokenizer

        config: Any = model.config
        with Image.open(tree / "figures" / "dog.png") as picture:
            side = config.image_size
            pixels = np.asarray(picture.convert("RGB").resize((side, side)), dtype=np.float32) / 255
        image = torch.from_numpy((pixels - MEAN) / STD).float().permute(2, 0, 1)[None].contiguous()
        with torch.no_grad():
            latents = model.get_reconstruction_latents(image)  # type: ignore[operator]
        text = get_tokenizer(context_length=config.text_context_length)(list(CAPTIONS))
        return {"image": image, "latents": latents, "text": text}

    def tighten(self, model: nn.Module) -> None:
        """Set RoPE's tables to float32: with bfloat16 the model is discontinuous."""
        for module in model.modules():
            if type(module).__name__ == "RopePositionEmbedding":
                module.dtype = torch.float32  # type: ignore[assignment]

    def pure(self, model: nn.Module) -> Iterable[nn.Module]:
        """The blocks that the image's entry points share, the decoder and the text tower."""
        yield from model.trunk.blocks  # type: ignore[union-attr, misc]
        for part in (model.pixel_decoder, model.text_transformer):
            if isinstance(part, nn.Module):
                yield part

    def seed(self, seed: int) -> None:
        """Call upstream's seeding helper."""
        from vtp.models.utils.utils import fix_random_seeds

        fix_random_seeds(seed)


adapter = Vtp()
