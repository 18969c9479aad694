"""HF32 on the CPU: float32 with 11 bits of mantissa, half to even, in convolutions alone."""

import math

import pytest
import torch

from npuport.parity.hf32 import ConvHf32, to_hf32

ULP = 2.0**-11


@pytest.mark.parametrize(
    ("value", "rounded"),
    [
        (1.0, 1.0),
        (1 + 0.49 * ULP, 1.0),
        (1 + 0.51 * ULP, 1 + ULP),
        (1 + 0.5 * ULP, 1.0),
        (1 + 1.5 * ULP, 1 + 2 * ULP),
        (-1 - 1.5 * ULP, -1 - 2 * ULP),
        (2 - 0.25 * ULP, 2.0),
        (1e-30, 1e-30),
        (0.0, 0.0),
    ],
)
def test_rounds_to_the_nearest_and_half_to_even(value: float, rounded: float) -> None:
    assert to_hf32(torch.tensor([value])).item() == pytest.approx(rounded, rel=2.0**-12, abs=0)
    if value not in (0.0, 1e-30):
        assert to_hf32(torch.tensor([value])).item() == rounded


def test_infinities_and_nan_stay() -> None:
    special = to_hf32(torch.tensor([math.inf, -math.inf, math.nan]))

    assert special[:2].tolist() == [math.inf, -math.inf]
    assert math.isnan(special[2])


def test_is_what_numpy_rounds_to() -> None:
    values = torch.randn(10_000, generator=torch.Generator().manual_seed(0))
    mantissa, exponent = torch.frexp(values.double())

    expected = torch.ldexp(torch.round(mantissa * 2**12), exponent - 12)  # torch.round is half to even

    assert torch.equal(to_hf32(values).double(), expected)


def test_convolutions_round_and_nothing_else_does() -> None:
    generator = torch.Generator().manual_seed(1)
    x, weight = torch.randn(1, 3, 8, 8, generator=generator), torch.randn(4, 3, 3, 3, generator=generator)
    bias = torch.randn(4, generator=generator)

    with ConvHf32():
        convolved = torch.nn.functional.conv2d(x, weight, bias)
        product = x[0, 0] @ x[0, 1]

    assert torch.equal(convolved, torch.nn.functional.conv2d(to_hf32(x), to_hf32(weight), bias))
    assert not torch.equal(convolved, torch.nn.functional.conv2d(x, weight, bias))
    assert torch.equal(product, x[0, 0] @ x[0, 1])
