"""Fused attention: every layout and mask equals the CPU's scaled_dot_product_attention bit for bit."""

import pytest
import torch
import torch.nn.functional as F
import torch_npu

from worlds.ops import FLOATS, NPU, assert_same, calls, normal

BATCH, HEADS, SEQUENCE, SIZE = 2, 4, 9, 16
WHOLE = 2147483647


def _heads(dtype=torch.float32, keys=SEQUENCE, key_heads=HEADS):
    return normal(
        (BATCH, HEADS, SEQUENCE, SIZE), (BATCH, key_heads, keys, SIZE), (BATCH, key_heads, keys, SIZE)
    )(dtype)


def _both(call, *tensors):
    before = calls("aclnnFlashAttentionScore")
    actual = call(*(tensor.to(NPU) for tensor in tensors))
    torch.npu.synchronize()
    assert calls("aclnnFlashAttentionScore") > before
    assert_same(actual, call(*tensors))


@pytest.mark.parametrize("dtype", FLOATS, ids=str)
@pytest.mark.parametrize("causal", [False, True], ids=["whole", "causal"])
def test_attention_gives_the_cpus_bits(dtype, causal):
    _both(lambda q, k, v: F.scaled_dot_product_attention(q, k, v, is_causal=causal), *_heads(dtype))


@pytest.mark.parametrize("keys", [1, 5, 30])
def test_keys_may_be_more_or_fewer_than_queries(keys):
    _both(F.scaled_dot_product_attention, *_heads(keys=keys))


@pytest.mark.parametrize(
    "shape",
    [
        (SEQUENCE, SEQUENCE),
        (BATCH, 1, SEQUENCE, SEQUENCE),
        (BATCH, HEADS, SEQUENCE, SEQUENCE),
        (1, 1, 1, SEQUENCE),
    ],
    ids=str,
)
def test_a_mask_hides(shape):
    mask = torch.randn(shape, generator=torch.Generator().manual_seed(1)) > -0.5
    mask[..., 0] = True
    _both(lambda q, k, v, m: F.scaled_dot_product_attention(q, k, v, attn_mask=m), *_heads(), mask)


def test_key_heads_may_be_shared():
    _both(lambda q, k, v: F.scaled_dot_product_attention(q, k, v, enable_gqa=True), *_heads(key_heads=2))


def test_views_of_one_projection():
    packed = normal((BATCH, SEQUENCE, 3, HEADS, SIZE))(torch.float32)[0]
    _both(lambda p: F.scaled_dot_product_attention(*p.permute(2, 0, 3, 1, 4).unbind(0)), packed)


def _to_layout(tensor, layout):
    if layout == "BNSD":
        return tensor
    if layout == "BSND":
        return tensor.transpose(1, 2).contiguous()
    if layout == "BSH":
        return tensor.transpose(1, 2).flatten(2)
    return tensor.permute(2, 0, 1, 3).flatten(2)


@pytest.mark.parametrize("layout", ["BNSD", "BSND", "BSH", "SBH"])
def test_layouts(layout):
    heads = _heads()
    expected = F.scaled_dot_product_attention(*heads, scale=0.3)
    moved = [_to_layout(tensor, layout).to(NPU) for tensor in heads]
    actual = torch_npu.npu_fusion_attention(*moved, HEADS, layout, scale=0.3)[0]
    assert_same(actual, _to_layout(expected, layout))


@pytest.mark.parametrize(("mode", "diagonal"), [(2, 0), (3, 4)], ids=["upper left", "lower right"])
def test_causal_corners(mode, diagonal):
    query, key, value = _heads(keys=SEQUENCE + 4)
    seen = torch.ones(SEQUENCE, SEQUENCE + 4).tril(diagonal).bool()
    expected = F.scaled_dot_product_attention(query, key, value, attn_mask=seen)
    triangle = torch.ones(2048, 2048, device=NPU).triu(1).bool()
    moved = [tensor.to(NPU) for tensor in (query, key, value)]
    actual = torch_npu.npu_fusion_attention(
        *moved, HEADS, "BNSD", scale=SIZE**-0.5, atten_mask=triangle, sparse_mode=mode, next_tockens=0
    )[0]
    assert_same(actual, expected, atol=1e-6)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"sparse_mode": 4}, "sparse_mode 4"),
        ({"pre_tockens": 3, "next_tockens": 0}, "band"),
        ({"keep_prob": 0.5}, "dropout"),
        ({"pse": torch.zeros(BATCH, HEADS, SEQUENCE, SEQUENCE)}, "pse"),
    ],
    ids=["band mode", "tokens", "dropout", "bias"],
)
def test_what_is_not_supported_is_refused_by_name(changes, message):
    moved = [tensor.to(NPU) for tensor in _heads()]
    changes = {name: value.to(NPU) if torch.is_tensor(value) else value for name, value in changes.items()}
    mask = torch.zeros(SEQUENCE, SEQUENCE, dtype=torch.bool, device=NPU)
    with pytest.raises(RuntimeError, match=f"(?s)aclnnFlashAttentionScore.*{message}"):
        torch_npu.npu_fusion_attention(*moved, HEADS, "BNSD", atten_mask=mask, **changes)
    assert torch.ones(2, device=NPU).sum().item() == 2


@pytest.mark.parametrize("causal", [False, True], ids=["whole", "causal"])
def test_gradient_gives_the_cpus_bits(causal):
    def gradients(device):
        heads = [tensor.to(device).requires_grad_() for tensor in _heads()]
        F.scaled_dot_product_attention(*heads, is_causal=causal).square().sum().backward()
        return [tensor.grad for tensor in heads]

    before = calls("aclnnFlashAttentionScoreGrad")
    assert_same(gradients(NPU), gradients("cpu"))
    assert calls("aclnnFlashAttentionScoreGrad") > before
