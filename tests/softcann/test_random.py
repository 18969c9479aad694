"""Random numbers: the same seed gives the same numbers, with the requested distribution."""

import pytest
import torch

from worlds.ops import NPU, calls

DRAWS = {
    "aclnnInplaceNormal": lambda: torch.randn(1000, device=NPU),
    "aclnnInplaceUniform": lambda: torch.rand(1000, device=NPU),
    "aclnnInplaceRandom": lambda: torch.randint(0, 100, (1000,), device=NPU),
    "aclnnInplaceBernoulli": lambda: torch.empty(1000, device=NPU).bernoulli_(0.3),
    "aclnnInplaceBernoulliTensor": lambda: torch.bernoulli(torch.full((1000,), 0.3, device=NPU)),
    "aclnnRandperm": lambda: torch.randperm(1000, device=NPU),
    "aclnnDropoutGenMaskV2": lambda: torch.dropout(torch.ones(1000, device=NPU), 0.3, True),
}


@pytest.fixture(params=DRAWS.items(), ids=list(DRAWS))
def draw(request):
    op, function = request.param

    def counted():
        before = calls(op)
        numbers = function().cpu()
        assert calls(op) > before, f"{op} did not run"
        return numbers

    return counted


def test_a_seed_repeats_and_the_stream_goes_on(draw):
    torch.npu.manual_seed_all(7)
    first, second = draw(), draw()
    torch.npu.manual_seed_all(7)
    assert torch.equal(draw(), first)
    assert torch.equal(draw(), second)
    assert not torch.equal(first, second)
    torch.npu.manual_seed_all(8)
    assert not torch.equal(draw(), first)


def test_the_generators_state_can_be_kept(draw):
    torch.npu.manual_seed_all(7)
    draw()
    state = torch.npu.get_rng_state()
    numbers = draw()
    torch.npu.set_rng_state(state)
    assert torch.equal(draw(), numbers)


def test_the_seed_can_be_read_and_the_hosts_generator_is_another():
    torch.npu.manual_seed_all(1234)
    assert torch.npu.initial_seed() == 1234
    host = torch.get_rng_state()
    torch.randn(10, device=NPU)
    assert torch.equal(torch.get_rng_state(), host)


def test_a_generator_of_ones_own():
    generator = torch.Generator(device=NPU).manual_seed(3)
    first = torch.randn(5, device=NPU, generator=generator)
    assert torch.equal(first, torch.randn(5, device=NPU, generator=generator.manual_seed(3)))


def _distance(sample: torch.Tensor, cdf) -> float:
    """The statistic of Kolmogorov and Smirnov: the largest distance of the two distribution functions."""
    ordered = sample.double().sort().values
    steps = torch.arange(1, len(ordered) + 1) / len(ordered)
    return float((cdf(ordered) - steps).abs().max())


def test_distributions():
    torch.npu.manual_seed_all(0)
    count = 20000
    bound = 1.63 / count**0.5  # alpha 0.01
    assert _distance(torch.randn(count, device=NPU).cpu(), torch.distributions.Normal(0.0, 1.0).cdf) < bound
    assert _distance(torch.rand(count, device=NPU).cpu(), lambda x: x) < bound
    shifted = torch.empty(count, device=NPU).normal_(3, 2).cpu()
    assert _distance(shifted, torch.distributions.Normal(3.0, 2.0).cdf) < bound
    assert abs(torch.empty(count, device=NPU).bernoulli_(0.3).mean().item() - 0.3) < 0.02
    assert torch.randint(5, 8, (count,), device=NPU).cpu().unique().tolist() == [5, 6, 7]
    assert torch.equal(torch.randperm(count, device=NPU).cpu().sort().values, torch.arange(count))


@pytest.mark.parametrize("probability", [0.0, 0.3, 1.0])
def test_dropout_scales_what_it_keeps(probability):
    torch.npu.manual_seed_all(0)
    x = torch.full((50, 41), 2.0, device=NPU)
    dropped = torch.dropout(x, probability, True).cpu()
    kept = dropped[dropped != 0]
    assert abs(1 - kept.numel() / x.numel() - probability) < 0.05
    if kept.numel():
        torch.testing.assert_close(kept, torch.full_like(kept, 2 / (1 - probability)))


def test_dropouts_gradient_has_the_same_mask():
    x = torch.ones(100, device=NPU, requires_grad=True)
    before = calls("aclnnDropoutDoMask")
    result = torch.dropout(x, 0.5, True)
    result.sum().backward()
    assert torch.equal(x.grad, result.detach())
    assert calls("aclnnDropoutDoMask") == before + 2


def test_initialisers_run_on_the_device():
    torch.npu.manual_seed_all(0)
    for initialise in (
        torch.nn.init.xavier_uniform_,
        torch.nn.init.kaiming_normal_,
        torch.nn.init.trunc_normal_,
        torch.nn.init.normal_,
        torch.nn.init.zeros_,
        torch.nn.init.ones_,
    ):
        assert torch.isfinite(initialise(torch.empty(16, 8, device=NPU))).all()
