"""VTP on the simulator with HF32 off: its vision equals the CPU's, its text does nearly."""

import copy
import importlib
import sys

import pytest
import torch

from worlds.ops import NPU, allow_hf32

pytestmark = pytest.mark.network

TINY = {
    "image_size": 64,
    "vision_embed_dim": 128,
    "vision_num_heads": 2,
    "vision_depth": 2,
    "text_embed_dim": 64,
    "text_num_heads": 4,
    "text_depth": 2,
    "text_vocab_size": 1000,
    "decoder_embed_dim": 128,
    "decoder_num_heads": 2,
    "decoder_depth": 2,
}
SMALL = {"vision_embed_dim": 384, "vision_num_heads": 6, "decoder_embed_dim": 384, "decoder_num_heads": 6}


@pytest.fixture(scope="module")
def upstream(vtp):
    """The ported model's module."""
    sys.path.insert(0, str(vtp))
    try:
        yield importlib.import_module("vtp.models.vtp_hf")
    finally:
        sys.path.pop(0)


@pytest.fixture(
    scope="module", params=[TINY, pytest.param(SMALL, marks=pytest.mark.slow)], ids=["tiny", "small"]
)
def pair(request, upstream):
    """The same model on the CPU and on the device, and the inputs of both."""
    torch.manual_seed(0)
    config = upstream.VTPConfig(**request.param)
    model = upstream.VTPModel(config).eval()
    side = config.image_size
    image = torch.randn(2, 3, side, side)
    text = torch.randint(1, config.text_vocab_size - 1, (2, 77))
    latents = torch.randn(2, 64, side // 16, side // 16)
    return model, copy.deepcopy(model).to(NPU), image, text, latents


VISION = {
    "last layer": lambda model, image, text, latents: model.get_last_layer_feature(image),
    "latents": lambda model, image, text, latents: model.get_reconstruction_latents(image),
    "decoder": lambda model, image, text, latents: model.get_latents_decoded_images(latents),
    "clip image": lambda model, image, text, latents: model.get_clip_image_feature(image),
}


def _tensors(result):
    if isinstance(result, torch.Tensor):
        return [result]
    values = result.values() if isinstance(result, dict) else result
    return [tensor for value in values if value is not None for tensor in _tensors(value)]


def _difference(function, pair):
    model, on_npu, *inputs = pair
    with torch.no_grad():
        expected = _tensors(function(model, *inputs))
        actual = _tensors(function(on_npu, *(tensor.to(NPU) for tensor in inputs)))
    assert len(actual) == len(expected) > 0
    assert all(tensor.device == NPU for tensor in actual)
    return max((a.cpu() - b).abs().max().item() for a, b in zip(actual, expected, strict=True))


@pytest.mark.parametrize("name", VISION)
def test_vision_is_the_cpus(name, pair):
    with allow_hf32(conv=False, matmul=False):
        assert _difference(VISION[name], pair) == 0


def test_text_is_the_cpus_but_for_rounding(pair):
    with allow_hf32(conv=False, matmul=False):
        assert _difference(lambda model, image, text, latents: model.get_clip_text_feature(text), pair) < 1e-6


@pytest.mark.parametrize("name", VISION)
def test_hf32_shows_by_default(name, pair):
    assert 0 < _difference(VISION[name], pair) < 1e-2


def test_autocast_runs_in_bfloat16(pair):
    _, model, image, text, _ = pair
    with torch.no_grad(), torch.autocast("npu", dtype=torch.bfloat16):
        exact = model.get_clip_logits(image.to(NPU), text.to(NPU))
    assert all(torch.isfinite(tensor).all() for tensor in _tensors(exact))


def test_a_run_repeats_itself(pair):
    _, model, image, _, _ = pair
    with torch.no_grad():
        first, second = (_tensors(model.get_last_layer_feature(image.to(NPU))) for _ in range(2))
    assert all(torch.equal(a, b) for a, b in zip(first, second, strict=True))
