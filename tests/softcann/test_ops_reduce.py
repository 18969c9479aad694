"""Reductions, cumulative sums and sorting equal the CPU's bit for bit."""

import pytest
import torch

from worlds.ops import BOOL, FLOATS, INTS, SHAPED, Case, check, combinations, normal

BLOCK = normal((3, 4, 5))
ALL = FLOATS + INTS

CASES = [
    Case("aclnnAll", lambda x: (x > -3).all(1), BLOCK, ALL + BOOL, variants=SHAPED),
    Case("aclnnAll", lambda x: (x > -3).all(), BLOCK, ALL),
    Case("aclnnAmax", lambda x: torch.amax(x, (0, 2), True), BLOCK, ALL, variants=SHAPED),
    Case("aclnnAmin", lambda x: torch.amin(x, (0, 2)), BLOCK, ALL, variants=SHAPED),
    Case("aclnnAny", lambda x: (x > 5).any(1, keepdim=True), BLOCK, ALL, variants=SHAPED),
    Case("aclnnAny", lambda x: (x > 5).any(), BLOCK, ALL),
    Case("aclnnArgMax", lambda x: torch.argmax(x, 1), BLOCK, FLOATS, variants=SHAPED),
    Case("aclnnArgMax", lambda x: torch.argmax(x), BLOCK, FLOATS, variants=SHAPED),
    Case("aclnnArgMin", lambda x: torch.argmin(x, 1, keepdim=True), BLOCK, FLOATS, variants=SHAPED),
    Case("aclnnCumsum", lambda x: torch.cumsum(x, 1), BLOCK, ALL, variants=SHAPED),
    Case("aclnnLinalgVectorNorm", lambda x: torch.linalg.vector_norm(x, dim=-1), BLOCK, variants=SHAPED),
    Case("aclnnLinalgVectorNorm", lambda x: torch.linalg.vector_norm(x, 1), BLOCK),
    Case("aclnnMax", torch.max, BLOCK, ALL, variants=SHAPED),
    Case("aclnnMaxDim", lambda x: tuple(torch.max(x, 1)), BLOCK, FLOATS, variants=SHAPED),
    Case("aclnnMean", lambda x: x.mean(), BLOCK),
    Case("aclnnMean", lambda x: x.mean((0, 2), keepdim=True), BLOCK, variants=SHAPED),
    Case("aclnnMin", torch.min, BLOCK, ALL, variants=SHAPED),
    Case("aclnnMinDim", lambda x: tuple(torch.min(x, 1)), BLOCK, FLOATS, variants=SHAPED),
    Case("aclnnReduceSum", lambda x: x.sum(), BLOCK, ALL + BOOL),
    Case("aclnnReduceSum", lambda x: x.sum((0, 2)), BLOCK, ALL, variants=SHAPED),
    Case("aclnnSort", lambda x: tuple(torch.sort(x, dim=1, stable=True)), BLOCK, FLOATS, variants=SHAPED),
    Case("aclnnStd", lambda x: x.std(1), BLOCK, variants=SHAPED),
    Case("aclnnStd", lambda x: x.std(), BLOCK, variants=SHAPED),
    Case("aclnnTopk", lambda x: tuple(torch.topk(x, 2)), BLOCK, FLOATS, variants=SHAPED),
    Case("aclnnVarCorrection", lambda x: x.var((0, 1), correction=0), BLOCK, variants=SHAPED),
    Case("aclnnVarMean", lambda x: torch.var_mean(x, (0, 1)), BLOCK, variants=SHAPED),
]


@pytest.mark.parametrize(("case", "dtype", "variant"), combinations(CASES))
def test_reduction_gives_the_cpus_bits(case, dtype, variant):
    check(case, dtype, variant)
