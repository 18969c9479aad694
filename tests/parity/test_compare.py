"""The verdict on one output: its ratio, and every reason why outputs cannot be compared."""

import math

import pytest
import torch

from npuport.parity.compare import compare, error
from npuport.parity.manifest import Spread
from npuport.parity.verdict import OutputVerdict

GOLDEN = torch.linspace(-1, 1, 64, dtype=torch.float64).reshape(8, 8)
REFERENCE = GOLDEN.float()
SPREAD = Spread(rms=[1e-6, 2e-6], max_abs=[4e-6, 3e-6])


def judged(actual: torch.Tensor | None, spread: Spread = SPREAD) -> OutputVerdict:
    return compare("output", actual, REFERENCE, GOLDEN, spread, hf32=False)


def off_by(relative_rms: float) -> torch.Tensor:
    """The golden with an error of that size in every element."""
    rms = float(GOLDEN.square().mean().sqrt())
    signs = torch.ones(64).reshape(8, 8)
    signs[::2] = -1
    return (GOLDEN + signs * relative_rms * rms).float()


@pytest.mark.parametrize(
    ("rms", "word"), [(0.0, "pass"), (5.5e-6, "pass"), (8e-6, "review"), (1.5e-5, "review"), (1.8e-5, "fail")]
)
def test_verdict_follows_the_largest_error_of_the_ensemble(rms: float, word: str) -> None:
    found = judged(off_by(rms), Spread(rms=[1e-6, 2e-6], max_abs=[1.0, 1.0]))

    assert found["word"] == word
    assert found["ratio"] == pytest.approx(rms / 2e-6, rel=0.1, abs=0.1)
    assert found["rms_allowed"] == pytest.approx(6e-6)


def test_one_element_far_off_fails_by_its_size() -> None:
    actual = REFERENCE.clone()
    actual[3, 3] += 1e-4

    found = judged(actual, Spread(rms=[1.0], max_abs=[4e-6]))

    assert found["word"] == "fail"
    assert found["ratio"] == pytest.approx(1e-4 / 4e-6 * 3 / 4, rel=0.1)


@pytest.mark.parametrize(
    ("actual", "reason"),
    [
        (None, "no such output"),
        (REFERENCE.double(), "dtype float64, on the CPU float32"),
        (REFERENCE[:4], "shape (4, 8), on the CPU (8, 8)"),
        (REFERENCE.clone().index_fill_(0, torch.tensor([2]), math.nan), "8 of 64 elements are NaN"),
        (
            REFERENCE.clone().index_fill_(0, torch.tensor([2]), math.inf),
            "8 of 64 elements are NaN or infinite",
        ),
    ],
    ids=["missing", "dtype", "shape", "nan", "infinite"],
)
def test_what_cannot_be_compared_fails(actual: torch.Tensor | None, reason: str) -> None:
    found = judged(actual)

    assert found["word"] == "fail"
    assert reason in found["reason"]
    assert found["ratio"] is None


def test_nan_and_infinities_must_be_those_of_the_golden() -> None:
    golden, reference = GOLDEN.clone(), REFERENCE.clone()
    golden[0, 0] = reference[0, 0] = math.nan
    golden[0, 1] = reference[0, 1] = math.inf
    flipped = reference.clone()
    flipped[0, 1] = -math.inf

    assert compare("x", reference, reference, golden, SPREAD, hf32=False)["word"] == "pass"
    assert compare("x", REFERENCE, reference, golden, SPREAD, hf32=False)["word"] == "fail"
    assert compare("x", flipped, reference, golden, SPREAD, hf32=False)["word"] == "fail"


def test_integers_must_be_equal() -> None:
    ids = torch.arange(6)

    assert compare("ids", ids, ids, ids, Spread(rms=[0.0], max_abs=[0.0]), hf32=False)["word"] == "pass"
    found = compare("ids", ids + (ids == 3), ids, ids, Spread(rms=[0.0], max_abs=[0.0]), hf32=False)
    assert (found["word"], found["reason"]) == ("fail", "1 of 6 int64 elements differ")


def test_a_pass_has_its_figures_too() -> None:
    found = judged(off_by(1e-6))

    assert found["word"] == "pass"
    field = found["field"]
    assert field is not None
    assert found["rms"] == pytest.approx(1e-6, rel=0.1)
    assert field["normalised_max"] == pytest.approx(field["max_abs"])
    assert field["cosine"] == pytest.approx(1)
    assert field["psnr_db"] is not None
    assert field["psnr_db"] > 100
    assert judged(REFERENCE)["field"]["psnr_db"] is None


def test_error_is_relative_to_the_golden_and_pooled() -> None:
    found = error(torch.full((2, 8), 1.5), torch.ones(2, 8, dtype=torch.float64))

    assert found == (0.5, 0.5)
