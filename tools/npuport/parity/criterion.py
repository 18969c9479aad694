"""What a candidate's error may be, and why.

The candidate's error against the float64 golden is set in relation to the largest error that valid float32
runs on the CPU make themselves (`ensemble`). That needs no tolerance of anybody's choosing, holds for every
output whatever its scale and conditioning, and is sharp: one head's sign, 1e-3 on a few weights and a layer
rounded to bfloat16 lie at 10 to 1e5, valid variants of the run at 1.0.

The usual criteria do not serve here; measured on VTP, eight valid variants against three kinds of fault:
"differs by < 1%", cosine and PSNR let the faults pass; `assert_close`, Polygraphy's 1e-5, Ascend's MERE and
MARE and the ratio to one single reference raise false alarms on valid runs. They are reported, not judged by.

A policy other than plain float32 (HF32 in convolutions) has an ensemble computed at that policy, against the
same float64 golden: how the chip rounds beyond the 11 bits is not known, how large its errors may be is.
"""

from dataclasses import dataclass
from typing import Literal

Word = Literal["pass", "review", "fail"]

#: A ratio to the ensemble up to here is a pass: thrice the largest error of nine valid runs.
PASS = 3.0
#: Up to here a person must look: what a real chip's noise is has not been measured. Above it is a failure.
REVIEW = 8.0
#: A single worst element may stray farther than the root mean square: 4 instead of 3.
MAX_ABS = 4.0
#: Errors below this part of the output's root mean square round the output itself: one ulp of float32.
FLOOR = 2.0**-23


@dataclass(frozen=True)
class Ratio:
    """An output's error over the ensemble's.

    Args:
        rms: relative root mean square error, pooled over the inputs, over the ensemble's largest.
        max_abs: largest absolute error over the ensemble's largest.
    """

    rms: float
    max_abs: float

    @property
    def worst(self) -> float:
        """The figure that decides: the larger of the two, on the scale of the first."""
        return max(self.rms, self.max_abs * PASS / MAX_ABS)

    @property
    def word(self) -> Word:
        """The verdict."""
        if self.worst <= PASS:
            return "pass"
        return "review" if self.worst <= REVIEW else "fail"


def ratio(
    error: tuple[float, float], ensemble: tuple[tuple[float, ...], tuple[float, ...]], golden_rms: float
) -> Ratio:
    """Relate a candidate's error to the ensemble's.

    Args:
        error: relative RMS and largest absolute error against the golden.
        ensemble: the same of every member: all relative RMS, all largest absolute errors.
        golden_rms: root mean square of the golden, for the floor.
    """
    rms, max_abs = error
    return Ratio(
        rms / max(*ensemble[0], FLOOR),
        max_abs / max(*ensemble[1], FLOOR * golden_rms, FLOOR * FLOOR),
    )
