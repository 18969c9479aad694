"""A module that is called again with the same inputs is not run again."""

import copy

import torch

from npuport.parity.case import POLICIES
from npuport.parity.memo import Memo

POLICY = {policy.name: policy for policy in POLICIES}


class Counted(torch.nn.Module):
    """Doubles its input and counts its runs."""

    def __init__(self) -> None:
        super().__init__()
        self.runs = 0
        self.rounding = torch.bfloat16

    def forward(self, x: torch.Tensor, *, times: int = 2) -> dict[str, torch.Tensor]:
        type(self).total += 1
        return {"x": x * times}

    total = 0


def test_the_same_inputs_are_computed_once() -> None:
    Counted.total = 0
    shipped = torch.nn.ModuleList([Counted()])
    memo = Memo(shipped, copy.deepcopy(shipped), lambda model: list(model.children()))
    x = torch.ones(3)

    with memo.over(shipped, POLICY["shipped"]):
        first, second = shipped[0](x), shipped[0](x.clone())
        first["x"].zero_()  # a copy of its own
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

    assert Counted.total == 3  # the second module again, because its rounding differs
