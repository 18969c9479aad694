"""The ensemble's runs differ by half an ulp, in the same way each time."""

import torch

from npuport.parity.ensemble import jittered, jittered_model


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
