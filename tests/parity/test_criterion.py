"""The ratio of an error to the ensemble's, and its limits."""

from npuport.parity.criterion import FLOOR, Ratio, ratio
from npuport.parity.manifest import Spread


def test_largest_error_may_be_four_times_the_ensembles() -> None:
    assert Ratio(rms=1.0, max_abs=4.0).word == "pass"
    assert Ratio(rms=1.0, max_abs=4.1).word == "review"
    assert Ratio(rms=3.1, max_abs=1.0).word == "review"


def test_an_exact_ensemble_leaves_an_ulp_of_room() -> None:
    exact = Spread(rms=[0.0, 0.0], max_abs=[0.0, 0.0])

    assert ratio((FLOOR, FLOOR), exact, 1.0).word == "pass"
    assert ratio((10 * FLOOR, FLOOR), exact, 1.0).word == "fail"
