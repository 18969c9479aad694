"""Excited weights: every parameter has moved, by the documented amount."""

import copy

import torch

from npuport.parity.excite import excite


def test_excited_parameters_have_all_moved() -> None:
    model = torch.nn.Sequential(torch.nn.Linear(64, 64), torch.nn.LayerNorm(64), torch.nn.Conv2d(8, 16, 3))
    before = copy.deepcopy(model)

    excite(model, seed=3, attention=("0.weight",))

    for (name, old), new in zip(before.named_parameters(), model.parameters(), strict=True):
        assert not (old == new).any(), name
    assert abs(float(model[1].weight.detach().std()) - 0.2) < 0.06
    assert abs(float(model[0].weight.detach().std()) * 64**0.5 - 2.6**0.5) < 0.1
    assert abs(float(model[2].weight.detach().std()) * 72**0.5 - 1) < 0.1
