"""The ensemble's runs differ by half an ulp, the same way each time; and nothing is computed twice."""

import copy

import torch

from npuport.parity.case import POLICIES
from npuport.parity.ensemble import jittered, jittered_model
from npuport.parity.excite import excite
from npuport.parity.memo import Memo

POLICY = {policy.name: policy for policy in POLICIES}


class Counted(torch.nn.Module):
    """Doubles, and counts how often it is run."""

    def __init__(self) -> None:
        super().__init__()
        self.runs = 0
        self.rounding = torch.bfloat16

    def forward(self, x: torch.Tensor, *, times: int = 2) -> dict[str, torch.Tensor]:
        type(self).total += 1
        return {"x": x * times}

    total = 0


def test_members_are_half_an_ulp_apart_and_reproducible() -> None:
    x = torch.randn(1000, generator=torch.Generator().manual_seed(0))

    one, again, other = jittered(x, 1), jittered(x, 1), jittered(x, 2)

    assert torch.equal(jittered(x, 0), x)
    assert torch.equal(one, again)
    assert not torch.equal(one, other)
    assert 0 < ((one - x).abs() / x.abs()).max() < 2.0**-21
    assert torch.equal(jittered(torch.arange(4), 3), torch.arange(4))


def test_embeddings_jitter_what_has_no_ulp() -> None:
    model = torch.nn.Sequential(torch.nn.Embedding(10, 16))
    text = torch.arange(10)

    with jittered_model(model, {"text": text}, 1) as inputs:
        moved = model(inputs["text"])

    assert torch.equal(inputs["text"], text)
    assert not torch.equal(moved, model(text))


def test_the_same_inputs_are_computed_once() -> None:
    Counted.total = 0
    shipped = torch.nn.ModuleList([Counted()])
    memo = Memo(shipped, copy.deepcopy(shipped), lambda model: list(model.children()))
    x = torch.ones(3)

    with memo.over(shipped, POLICY["shipped"]):
        first, second = shipped[0](x), shipped[0](x.clone())
        first["x"].zero_()  # nobody else's
        third, other, twice = shipped[0](x), shipped[0](x + 1), shipped[0](x, times=3)

    assert Counted.total == 3
    assert torch.equal(second["x"], torch.full((3,), 2.0))
    assert torch.equal(third["x"], second["x"])
    assert other["x"].tolist() == [4.0] * 3
    assert twice["x"].tolist() == [3.0] * 3
    shipped[0](x)
    assert Counted.total == 4


def test_policies_share_only_what_they_do_not_touch() -> None:
    Counted.total = 0
    shipped = torch.nn.ModuleList([Counted(), Counted()])
    tight = copy.deepcopy(shipped)
    tight[1].rounding = torch.float32
    memo = Memo(shipped, tight, lambda model: list(model.children()))
    x = torch.ones(3)

    for model, name in ((shipped, "shipped"), (shipped, "shipped-hf32"), (tight, "tight")):
        with memo.over(model, POLICY[name]):
            model[0](x)
            model[1](x)

    assert Counted.total == 3  # the second module once more, where it rounds otherwise


def test_excited_parameters_have_all_moved() -> None:
    model = torch.nn.Sequential(torch.nn.Linear(64, 64), torch.nn.LayerNorm(64), torch.nn.Conv2d(8, 16, 3))
    before = copy.deepcopy(model)

    excite(model, seed=3, attention=("0.weight",))

    for (name, old), new in zip(before.named_parameters(), model.parameters(), strict=True):
        assert not (old == new).any(), name
    assert abs(float(model[1].weight.detach().std()) - 0.2) < 0.06
    assert abs(float(model[0].weight.detach().std()) * 64**0.5 - 2.6**0.5) < 0.1
    assert abs(float(model[2].weight.detach().std()) * 72**0.5 - 1) < 0.1
