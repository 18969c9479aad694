"""The golden is the same function in float64; an error is raised where it is not."""

import pytest
import torch

from npuport.base.errors import PortError
from npuport.parity.golden import float64, golden


class Model(torch.nn.Module):
    """What makes `model.double()` no golden: a bfloat16 buffer, a cast and a factory of float32."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = torch.nn.Parameter(torch.linspace(0.1, 1, 8))
        self.register_buffer("periods", (torch.arange(1, 9) / 3).bfloat16())
        self.register_buffer("shift", torch.full((8,), 0.1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        steps = torch.arange(8, dtype=torch.float32) / 7
        table = torch.sin(steps.bfloat16() / self.periods)
        scaled = x.float() * torch.rsqrt(x.to(torch.float32).pow(2).mean() + 1e-5)
        return scaled.type_as(x) * self.weight * table + self.shift + torch.ones(8)


def run(x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    model = Model()
    with torch.no_grad():
        plain, naive, widened = model(x), Model().double()(x.double()), golden(model)
        with float64():
            faithful = widened(x.double())
    return plain, naive, faithful


def test_golden_lies_near_float32_where_double_does_not() -> None:
    plain, naive, faithful = run(torch.linspace(-2, 3, 8))

    assert faithful.dtype == torch.float64
    assert (plain.double() - faithful).abs().max() < 1e-6
    assert (plain.double() - faithful).abs().max() > 0
    assert (plain.double() - naive).abs().max() > 1e-4


def test_what_is_below_float32_stays() -> None:
    model = Model()

    widened = golden(model)

    assert {name: tensor.dtype for name, tensor in widened.named_buffers()} == {
        "periods": torch.bfloat16,
        "shift": torch.float64,
    }
    assert torch.equal(widened.periods, model.periods)
    assert torch.equal(widened.weight, model.weight.double())
    assert model.weight.dtype == torch.float32


def test_float32_that_slips_through_is_refused() -> None:
    narrow = torch.tensor(1.5).numpy()

    with pytest.raises(PortError, match="yields float32"), float64():
        torch.from_numpy(narrow.reshape(1)) * 2


def test_the_default_dtype_comes_back() -> None:
    with float64():
        assert torch.zeros(1).dtype == torch.float64
    assert torch.zeros(1).dtype == torch.float32
