"""Matrix products, convolutions, normalisation, softmax and losses equal the CPU's bits with HF32 off."""

import pytest
import torch
import torch.nn.functional as F

from worlds.ops import NPU, Case, allow_hf32, check, combinations, normal

ONLY = ("plain",)
MATRICES = ("plain", "transposed")
FP32 = (torch.float32,)


@pytest.fixture(autouse=True)
def _full_precision():
    with allow_hf32(conv=False, matmul=False):
        yield


CASES = [
    Case("aclnnAddmm", torch.addmm, normal((7,), (4, 5), (5, 7)), variants=MATRICES),
    Case("aclnnAddmm", lambda x, w, b: F.linear(x, w, b), normal((4, 5), (7, 5), (7,)), variants=MATRICES),
    Case("aclnnBaddbmm", torch.baddbmm, normal((2, 4, 7), (2, 4, 5), (2, 5, 7)), variants=MATRICES),
    Case("aclnnBatchMatMul", torch.bmm, normal((2, 4, 5), (2, 5, 7)), variants=MATRICES),
    Case("aclnnMatmul", torch.matmul, normal((2, 3, 4, 5), (5, 7)), variants=MATRICES),
    Case("aclnnMatmul", torch.matmul, normal((4, 5), (5,)), FP32, variants=ONLY),
    Case("aclnnMm", torch.mm, normal((4, 5), (5, 7)), variants=MATRICES),
    Case(
        "aclnnConvolution",
        lambda x, w, b: F.conv2d(x, w, b, 2, 1),
        normal((2, 3, 8, 8), (6, 3, 3, 3), (6,)),
        variants=ONLY,
    ),
    Case(
        "aclnnConvolution",
        lambda x, w: F.conv2d(x, w, groups=3),
        normal((2, 3, 8, 8), (6, 1, 3, 3)),
        FP32,
        variants=ONLY,
    ),
    Case(
        "aclnnConvolution",
        lambda x, w: F.conv_transpose2d(x, w, stride=2),
        normal((2, 3, 5, 5), (3, 6, 3, 3)),
        FP32,
        variants=ONLY,
    ),
    Case("aclnnConvolution", lambda x, w: F.conv1d(x, w), normal((2, 3, 8), (6, 3, 3)), FP32, variants=ONLY),
    Case(
        "aclnnLayerNorm",
        lambda x, w, b: F.layer_norm(x, (5,), w, b),
        normal((3, 4, 5), (5,), (5,)),
        variants=MATRICES,
    ),
    Case("aclnnLogSoftmax", lambda x: F.log_softmax(x, 1), normal((3, 4, 5)), variants=MATRICES),
    Case("aclnnMseLoss", F.mse_loss, normal((4, 5), (4, 5)), FP32, variants=MATRICES),
    Case("aclnnSoftmax", lambda x: F.softmax(x, 1), normal((3, 4, 5)), variants=MATRICES),
]


@pytest.mark.parametrize(("case", "dtype", "variant"), combinations(CASES))
def test_product_gives_the_cpus_bits(case, dtype, variant):
    check(case, dtype, variant)


@pytest.mark.parametrize("inner", [0, 1], ids=["empty", "one"])
def test_product_of_thin_matrices(inner):
    check(Case("aclnnMm", torch.mm, normal((3, inner), (inner, 2))), torch.float32, "plain")


def test_shapes_that_do_not_fit_raise_and_the_device_goes_on():
    a, b = torch.ones(2, 3, device=NPU), torch.ones(2, 3, device=NPU)
    with pytest.raises(RuntimeError):
        torch.mm(a, b)
    assert torch.equal((a + b).cpu(), torch.full((2, 3), 2.0))


def test_numbers_of_threads_follow_the_main_thread():
    x, w = torch.randn(64, 64), torch.randn(64, 64)
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(1)
        assert torch.equal((x.to(NPU) @ w.to(NPU)).cpu(), x @ w)
    finally:
        torch.set_num_threads(before)
