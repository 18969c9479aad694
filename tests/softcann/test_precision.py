"""HF32: the simulator rounds the operands that torch_npu requests, and no others."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from worlds.ops import NPU, allow_hf32, normal


def hf32(tensor: torch.Tensor) -> torch.Tensor:
    """A float32 rounded to 11 bits of mantissa, to nearest, ties to even."""
    values = tensor.double().numpy()
    mantissa, exponent = np.frexp(values)
    rounded = np.ldexp(np.rint(mantissa * 2.0**12), exponent - 12)
    return torch.from_numpy(np.where(np.isfinite(values), rounded, values)).float()


def _inputs():
    return normal((2, 3, 12, 12), (8, 3, 4, 4), (8,))(torch.float32)


def test_rounding_is_to_nearest_even_and_keeps_special_values():
    step = 2.0**-11
    values = torch.tensor(
        [
            1 + step / 2,
            1 + 3 * step / 2,
            1 + step / 2 + 2.0**-23,
            2 - 2.0**-23,
            -1 - 3 * step / 2,
            0.0,
            1e38,
            1e-30,
        ]
    )
    expected = torch.tensor(
        [1.0, 1 + 2 * step, 1 + step, 2.0, -1 - 2 * step, 0.0, *hf32(values[-2:]).tolist()]
    )
    assert torch.equal(hf32(values), expected)
    # A convolution with a single weight of 1 shows the rounding alone.
    device = F.conv1d(values.view(1, 1, -1).to(NPU), torch.ones(1, 1, 1, device=NPU))
    assert torch.equal(device.cpu().flatten(), expected)


def test_infinities_pass():
    values = torch.tensor([float("inf"), -float("inf"), float("nan")]).view(1, 1, -1)
    device = F.conv1d(values.to(NPU), torch.ones(1, 1, 1, device=NPU))
    assert torch.equal(device.cpu().nan_to_num(0, 1, -1), values.nan_to_num(0, 1, -1))


def test_convolutions_round_by_default():
    assert torch.npu.conv.allow_hf32
    x, w, b = _inputs()
    device = F.conv2d(x.to(NPU), w.to(NPU), b.to(NPU)).cpu()
    assert torch.equal(device, F.conv2d(hf32(x), hf32(w), b))
    assert not torch.equal(device, F.conv2d(x, w, b))


def test_matrix_products_do_not_round_by_default():
    assert not torch.npu.matmul.allow_hf32
    a, b = normal((16, 32), (32, 8))(torch.float32)
    assert torch.equal((a.to(NPU) @ b.to(NPU)).cpu(), a @ b)


@pytest.mark.parametrize(("conv", "matmul"), [(False, False), (False, True), (True, False), (True, True)])
def test_each_flag_rules_its_own_ops(conv, matmul):
    x, w, b = _inputs()
    a, c = normal((16, 32), (8, 32))(torch.float32)
    of_conv, of_matmul = (hf32 if conv else torch.clone), (hf32 if matmul else torch.clone)
    with allow_hf32(conv=conv, matmul=matmul):
        convolved = F.conv2d(x.to(NPU), w.to(NPU), b.to(NPU)).cpu()
        multiplied = F.linear(a.to(NPU), c.to(NPU)).cpu()
    assert torch.equal(convolved, F.conv2d(of_conv(x), of_conv(w), b))
    assert torch.equal(multiplied, F.linear(of_matmul(a), of_matmul(c)))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16], ids=str)
def test_half_types_do_not_round(dtype):
    x, w, b = (tensor.to(dtype) for tensor in _inputs())
    assert torch.equal(F.conv2d(x.to(NPU), w.to(NPU), b.to(NPU)).cpu(), F.conv2d(x, w, b))


def test_a_view_of_the_weights_rounds_as_its_copy_does():
    a, b = normal((16, 32), (8, 32))(torch.float32)
    with allow_hf32(conv=True, matmul=True):
        product = torch.mm(a.to(NPU), b.to(NPU).t()).cpu()
    assert torch.equal(product, torch.mm(hf32(a), hf32(b).t()))


def test_gelu_is_the_exact_one_unless_asked(run):
    code = """
        import torch, torch.nn.functional as F
        x = torch.linspace(-4, 4, 1000)
        y = F.gelu(x.npu()).cpu()
        print(torch.equal(y, F.gelu(x)), torch.equal(y, F.gelu(x, approximate="tanh")))
    """
    assert run(code).stdout.split()[-2:] == ["True", "False"]
    assert run(code, SOFTCANN_GELU="tanh").stdout.split()[-2:] == ["False", "True"]


def test_gelu_heeds_approximate_where_torch_npu_passes_it_on(run):
    code = """
        import torch, torch.nn.functional as F
        x = torch.linspace(-4, 4, 1000)
        for formula in ("none", "tanh"):
            print(torch.equal(F.gelu(x.npu(), approximate=formula).cpu(), F.gelu(x, approximate=formula)))
    """
    traced = run(code, TORCH_NPU_USE_COMPATIBLE_IMPL="1")  # then it calls aclnnGeluV2
    assert traced.stdout.split()[-2:] == ["True", "True"], traced.stderr
