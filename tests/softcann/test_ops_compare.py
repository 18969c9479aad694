"""Comparisons, and the ops that printing and `torch.allclose` use."""

import pytest
import torch

from worlds.ops import BOOL, FLOATS, INTS, NPU, Case, check, combinations, normal

UNIT = normal((4, 5))
ALL = FLOATS + INTS


CASES = [
    Case("aclnnEqTensor", torch.eq, dtypes=ALL),
    Case("aclnnEqScalar", lambda a: torch.eq(a, 1), UNIT, ALL),
    Case("aclnnNeTensor", torch.ne, dtypes=ALL),
    Case("aclnnNeScalar", lambda a: torch.ne(a, 1), UNIT, ALL),
    Case("aclnnGtTensor", torch.gt, dtypes=ALL),
    Case("aclnnGtScalar", lambda a: torch.gt(a, 1), UNIT, ALL),
    Case("aclnnGeTensor", torch.ge, dtypes=ALL),
    Case("aclnnGeScalar", lambda a: torch.ge(a, 1), UNIT, ALL),
    Case("aclnnLtTensor", torch.lt, dtypes=ALL),
    Case("aclnnLtScalar", lambda a: torch.lt(a, 1), UNIT, ALL),
    Case("aclnnLeTensor", torch.le, dtypes=ALL),
    Case("aclnnLeScalar", lambda a: torch.le(a, 1), UNIT, ALL),
    Case("aclnnEqual", lambda a, b: (torch.equal(a, b), torch.equal(a, a.clone())), dtypes=ALL + BOOL),
    Case("aclnnIsClose", lambda a, b: torch.isclose(a, b, rtol=0.5, atol=1), dtypes=FLOATS),
]


@pytest.mark.parametrize(("case", "dtype", "variant"), combinations(CASES))
def test_comparison_gives_the_cpus_answer(case, dtype, variant):
    check(case, dtype, variant)


def test_equal_and_allclose_see_one_bit():
    a = torch.randn(3, 4, device=NPU)
    b = a.clone()
    assert torch.equal(a, b)
    assert torch.allclose(a, b)
    b[1, 2] += 1
    assert not torch.equal(a, b)
    assert not torch.allclose(a, b)


def test_allclose_takes_nan_for_equal_only_when_asked():
    a = torch.tensor([1.0, float("nan")], device=NPU)
    assert not torch.allclose(a, a)
    assert torch.allclose(a, a, equal_nan=True)


@pytest.mark.parametrize(
    "tensor",
    [
        torch.tensor([1.0, -2.5, 1e-6]),
        torch.tensor([float("nan"), float("inf"), 1.0]),
        torch.arange(3000).reshape(30, 100),
        torch.tensor([True, False]),
        torch.tensor(3.5, dtype=torch.bfloat16),
        torch.zeros(0, 3),
    ],
    ids=["floats", "special", "summarised", "bool", "scalar", "empty"],
)
def test_prints_as_on_the_cpu(tensor):
    printed = repr(tensor.to(NPU))
    assert "device='npu:0'" in printed
    plain = printed.replace("device='npu:0', ", "").replace(", device='npu:0'", "")
    assert plain.split() == repr(tensor).split()
