"""Elementwise ops equal the CPU's bit for bit, for every type, stride and shape."""

import pytest
import torch
import torch.nn.functional as F

from worlds.ops import BOOL, FLOATS, INTS, Case, check, combinations, normal, positive

UNIT = normal((4, 5))
ALL = FLOATS + INTS


def _within_one(dtype):
    return [tensor.clamp(-0.9, 0.9) for tensor in UNIT(dtype)]


UNARY = [
    Case("aclnnAbs", torch.abs, UNIT, ALL),
    Case("aclnnBitwiseNot", torch.bitwise_not, UNIT, INTS),
    Case("aclnnCeil", torch.ceil, UNIT),
    Case("aclnnCos", torch.cos, UNIT),
    Case("aclnnErf", torch.erf, UNIT),
    Case("aclnnErfinv", torch.erfinv, _within_one),
    Case("aclnnExp", torch.exp, UNIT),
    Case("aclnnFloor", torch.floor, UNIT),
    Case("aclnnGelu", F.gelu, UNIT),
    Case("aclnnIsFinite", lambda x: torch.isfinite(x / 0), UNIT),
    Case("aclnnIsNegInf", lambda x: torch.isneginf(x / 0), UNIT),
    Case("aclnnIsPosInf", lambda x: torch.isposinf(x / 0), UNIT),
    Case("aclnnLog", torch.log, positive((4, 5))),
    Case("aclnnLog10", torch.log10, positive((4, 5))),
    Case("aclnnLogicalNot", torch.logical_not, UNIT, ALL + BOOL),
    Case("aclnnNeg", torch.neg, UNIT, ALL),
    Case("aclnnReciprocal", torch.reciprocal, positive((4, 5))),
    Case("aclnnRsqrt", torch.rsqrt, positive((4, 5))),
    Case("aclnnSigmoid", torch.sigmoid, UNIT),
    Case("aclnnSign", torch.sign, UNIT, ALL),
    Case("aclnnSilu", F.silu, UNIT),
    Case("aclnnSin", torch.sin, UNIT),
    Case("aclnnSqrt", torch.sqrt, positive((4, 5))),
    Case("aclnnTanh", torch.tanh, UNIT),
]

BINARY = [
    Case("aclnnAdd", lambda a, b: torch.add(a, b, alpha=2), dtypes=ALL),
    Case("aclnnBitwiseAndTensor", torch.bitwise_and, dtypes=INTS + BOOL),
    Case("aclnnBitwiseOrTensor", torch.bitwise_or, dtypes=INTS + BOOL),
    Case("aclnnBitwiseXorTensor", torch.bitwise_xor, dtypes=INTS + BOOL),
    Case("aclnnDiv", torch.div, positive((4, 5), (4, 5)), ALL),
    Case("aclnnLogicalAnd", torch.logical_and, dtypes=ALL + BOOL),
    Case("aclnnLogicalOr", torch.logical_or, dtypes=ALL + BOOL),
    Case("aclnnMaximum", torch.maximum, dtypes=ALL),
    Case("aclnnMinimum", torch.minimum, dtypes=ALL),
    Case("aclnnMul", torch.mul, dtypes=ALL),
    Case("aclnnPowTensorTensor", torch.pow, positive((4, 5), (4, 5))),
    Case("aclnnRsub", lambda a, b: torch.rsub(a, b, alpha=2)),
    Case("aclnnSub", lambda a, b: torch.sub(a, b, alpha=2), dtypes=ALL),
    Case("aclnnSWhere", lambda a, b: torch.where(a > b, a, b), dtypes=ALL),
]

SCALAR = [
    Case("aclnnAdds", lambda x: torch.add(x, 3, alpha=2), UNIT, ALL),
    Case("aclnnClamp", lambda x: torch.clamp(x, -1, 2), UNIT, ALL),
    Case("aclnnClampMax", lambda x: torch.clamp_max(x, 1), UNIT, ALL),
    Case("aclnnClampMin", lambda x: torch.clamp_min(x, 1), UNIT, ALL),
    Case("aclnnDivs", lambda x: x / 3, UNIT, ALL),
    Case("aclnnMuls", lambda x: x * 3, UNIT, ALL),
    Case("aclnnPowScalarTensor", lambda x: torch.pow(2.0, x), UNIT),
    Case("aclnnPowTensorScalar", lambda x: torch.pow(x, 3), UNIT),
    Case("aclnnRsubs", lambda x: torch.rsub(x, 3, alpha=2), UNIT),
    Case("aclnnSubs", lambda x: torch.sub(x, 3, alpha=2), UNIT, ALL),
]

TERNARY = [
    Case("aclnnAddcdiv", lambda a, b, c: torch.addcdiv(a, b, c, value=2), positive((4, 5), (4, 5), (4, 5))),
    Case("aclnnAddcmul", lambda a, b, c: torch.addcmul(a, b, c, value=2), normal((4, 5), (4, 5), (4, 5))),
]

INPLACE = [
    Case("aclnnInplaceAdd", lambda a, b: a.add_(b, alpha=2), dtypes=ALL),
    Case("aclnnInplaceAdds", lambda a: a.add_(3, alpha=2), UNIT, ALL),
    Case("aclnnInplaceAddcdiv", lambda a, b, c: a.addcdiv_(b, c, value=2), positive((4, 5), (4, 5), (4, 5))),
    Case("aclnnInplaceAddcmul", lambda a, b, c: a.addcmul_(b, c, value=2), normal((4, 5), (4, 5), (4, 5))),
    Case("aclnnInplaceDiv", lambda a, b: a.div_(b), positive((4, 5), (4, 5))),
    Case("aclnnInplaceDivs", lambda a: a.div_(3), UNIT),
    Case("aclnnInplaceLerp", lambda a, b, c: a.lerp_(b, c), normal((4, 5), (4, 5), (4, 5))),
    Case("aclnnInplaceLerps", lambda a, b: a.lerp_(b, 0.3)),
    Case("aclnnInplaceMaskedFillScalar", lambda a, b: a.masked_fill_(b > 0, 3), dtypes=ALL),
    Case(
        "aclnnInplaceMaskedFillTensor",
        lambda a, b: a.masked_fill_(b > 0, torch.ones_like(a).sum()),
        dtypes=ALL,
    ),
    Case("aclnnInplaceMul", lambda a, b: a.mul_(b), dtypes=ALL),
    Case("aclnnInplaceMuls", lambda a: a.mul_(3), UNIT, ALL),
    Case("aclnnInplacePowTensorScalar", lambda a: a.pow_(2), UNIT),
    Case("aclnnInplaceSub", lambda a, b: a.sub_(b, alpha=2), dtypes=ALL),
    Case("aclnnInplaceSubs", lambda a: a.sub_(3, alpha=2), UNIT, ALL),
]

CASES = UNARY + BINARY + SCALAR + TERNARY + INPLACE


@pytest.mark.parametrize(("case", "dtype", "variant"), combinations(CASES))
def test_elementwise_op_gives_the_cpus_bits(case, dtype, variant):
    check(case, dtype, variant)


@pytest.mark.parametrize("case", BINARY, ids=str)
def test_binary_op_broadcasts(case):
    shapes = (
        positive((4, 1, 5), (3, 1))
        if case.op in ("aclnnDiv", "aclnnPowTensorTensor")
        else normal((4, 1, 5), (3, 1))
    )
    check(Case(case.op, case.run, shapes), case.dtypes[0], "plain")


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (torch.float32, torch.bfloat16),
        (torch.int64, torch.float16),
        (torch.bool, torch.int32),
        (torch.bfloat16, torch.float16),
    ],
    ids=lambda dtype: str(dtype).removeprefix("torch."),
)
def test_mixed_types_promote_as_on_the_cpu(left, right):
    a, b = normal((4, 5))(left)[0], normal((4, 5))(right)[0]
    check(Case("aclnnMul", torch.mul, lambda _: [a, b]), left, "plain")


def test_infinities_and_nans_pass():
    special = torch.tensor([float("inf"), -float("inf"), float("nan"), 0.0, -0.0, 1e-40])
    for case in UNARY:
        if torch.float32 in case.dtypes:
            check(Case(case.op, case.run, lambda _: [special]), torch.float32, "plain")
