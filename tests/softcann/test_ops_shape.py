"""Ops that create, copy, join and index tensors."""

import pytest
import torch
import torch.nn.functional as F
import torch_npu

from worlds.ops import BOOL, FLOATS, INTS, NPU, SHAPED, Case, assert_same, calls, check, combinations, normal

UNIT = normal((4, 5))
ALL = FLOATS + INTS
ANY = ALL + BOOL


def _indices(dtype):
    return [*normal((4, 5))(dtype), torch.tensor([[0, 3], [2, 2]])]


def _where(like):
    """The device of a tensor, for factories that take no tensor."""
    return {"device": like.device}


CASES = [
    Case(
        "aclnnArange",
        lambda x: torch.arange(1, 10, 2, dtype=x.dtype, **_where(x)),
        UNIT,
        ALL,
        variants=("plain",),
    ),
    Case(
        "aclnnCat",
        lambda a, b: torch.cat([a, b, a], -1),
        dtypes=ANY,
        variants=("plain", "transposed", "empty"),
    ),
    Case("aclnnEmbedding", lambda w, i: F.embedding(i, w), _indices, FLOATS, variants=("plain",)),
    Case("aclnnEye", lambda x: torch.eye(3, 4, dtype=x.dtype, **_where(x)), UNIT, variants=("plain",)),
    Case("aclnnGather", lambda x, i: torch.gather(x, 0, i), _indices, ALL, variants=SHAPED),
    Case("aclnnIndex", lambda x, i: x[i], _indices, ANY, variants=SHAPED),
    Case("aclnnIndex", lambda x, i: x[:, i], _indices, ANY, variants=SHAPED),
    Case("aclnnIndex", lambda x, i: x[x > 0], _indices, ALL, variants=SHAPED),
    Case(
        "aclnnIndexPutImpl",
        lambda x, i: x.index_put_((i[0, :1],), x[2:3].clone()),
        _indices,
        ALL,
        variants=("plain",),
    ),
    Case("aclnnIndexSelect", lambda x, i: torch.index_select(x, 0, i[0]), _indices, ALL, variants=SHAPED),
    Case("aclnnInplaceCopy", lambda x: torch.empty_like(x).copy_(x), UNIT, ANY),
    Case("aclnnInplaceCopy", lambda x: x.T.contiguous(), UNIT, ANY, variants=("plain",)),
    Case("aclnnInplaceCopy", lambda x: torch.zeros(3, *x.shape, **_where(x)).copy_(x), UNIT, ALL),
    Case("aclnnInplaceFillScalar", lambda x: x.fill_(3), UNIT, ANY),
    Case(
        "aclnnInplaceFillTensor", lambda x: x.fill_(torch.full((), 2, dtype=x.dtype, **_where(x))), UNIT, ALL
    ),
    Case("aclnnInplaceOne", lambda x: torch.ones(x.shape, dtype=x.dtype, **_where(x)), UNIT, ANY),
    Case("aclnnInplaceZero", lambda x: x.zero_(), UNIT, ANY),
    Case(
        "aclnnLinspace",
        lambda x: torch.linspace(0, 1, 7, dtype=x.dtype, **_where(x)),
        UNIT,
        variants=("plain",),
    ),
    Case(
        "aclnnMaskedSelect",
        lambda a, b: torch.masked_select(a, b > 0),
        dtypes=ANY,
        variants=("plain", "transposed"),
    ),
    Case("aclnnNonzeroV2", lambda x: x[x > 0], UNIT, ALL, variants=SHAPED),
    Case("aclnnNonzero", lambda x: torch.nonzero(x > 1), UNIT, ALL, variants=SHAPED),
    Case(
        "aclnnRange", lambda x: torch.range(1, 10, 2, dtype=x.dtype, **_where(x)), UNIT, variants=("plain",)
    ),
    Case("aclnnRepeat", lambda x: x.repeat(2, 1, 3), UNIT, ANY, variants=("plain", "transposed", "empty")),
    Case(
        "aclnnStack",
        lambda a, b: torch.stack([a, b], 1),
        dtypes=ANY,
        variants=("plain", "transposed", "empty"),
    ),
    Case("aclnnTril", lambda x: torch.tril(x, -1), UNIT, ANY, variants=SHAPED),
    Case("aclnnTriu", lambda x: torch.triu(x, 1), UNIT, ANY, variants=SHAPED),
    Case(
        "aclnnUpsampleBilinear2d",
        lambda x: F.interpolate(x, size=(7, 9), mode="bilinear"),
        normal((2, 3, 4, 5)),
        (torch.float32,),
        variants=("plain",),
    ),
]


@pytest.mark.filterwarnings("ignore:torch.range is deprecated")
@pytest.mark.parametrize(("case", "dtype", "variant"), combinations(CASES))
def test_op_gives_the_cpus_elements(case, dtype, variant):
    check(case, dtype, variant)


@pytest.mark.parametrize("dtype", FLOATS, ids=str)
def test_cast_rounds_as_on_the_cpu(dtype):
    values = UNIT(torch.float32)[0]
    before = calls("aclnnCast")
    assert_same(torch_npu._npu_dtype_cast(values.to(NPU), dtype), values.to(dtype))
    assert calls("aclnnCast") > before or dtype == torch.float32


def test_masked_select_of_nothing_is_empty():
    assert torch.masked_select(
        torch.ones(3, device=NPU), torch.zeros(3, dtype=torch.bool, device=NPU)
    ).shape == (0,)


def test_state_dict_survives_save_and_load(tmp_path):
    module = torch.nn.Linear(3, 4).to(NPU)
    torch.save(module.state_dict(), tmp_path / "weights.pt")
    loaded = torch.load(tmp_path / "weights.pt", map_location="cpu", weights_only=True)
    back = torch.nn.Linear(3, 4).to(NPU)
    back.load_state_dict(loaded)
    for name, tensor in module.state_dict().items():
        assert torch.equal(tensor, back.state_dict()[name])
        assert torch.equal(tensor.cpu(), loaded[name])
