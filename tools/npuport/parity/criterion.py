"""What a candidate's error may be, and why.

The candidate's error against the float64 golden is set in relation to the largest error that valid float32
runs on the CPU make themselves (`ensemble`). So nobody has to choose a tolerance, and the criterion holds for
every output whatever its scale and conditioning. It is also sharp: a head with the wrong sign, 1e-3 on a few
weights and a layer rounded to bfloat16 have ratios of 10 to 1e5; valid variants of the run have 1.0.

The usual criteria do not work here. Measured on VTP, with eight valid variants and three kinds of fault:
"differs by < 1%", cosine and PSNR let the faults pass; `assert_close`, Polygraphy's 1e-5, Ascend's MERE and
MARE and the ratio to a single reference fail valid runs. The report shows them; no verdict depends on them.

A policy other than plain float32 (HF32 in convolutions) has an ensemble computed at that policy, compared
with the same float64 golden. How the chip rounds beyond the 11 bits is not known; how large its errors may
be is.
"""

from dataclasses import dataclass

from npuport.parity.manifest import Spread
from npuport.parity.verdict import Word

#: Runs in the ensemble: the default one and eight with jittered inputs.
MEMBERS = 9
#: The largest ratio to the ensemble that passes: three times the largest error of nine valid runs.
PASS = 3.0
#: The largest ratio to review, a larger one fails: the noise of a real chip has not been measured.
REVIEW = 8.0
#: The limit for the one worst element, which varies more than the root mean square: 4 instead of 3.
MAX_ABS = 4.0
#: The smallest error that counts, relative to the output's root mean square: one ulp of float32.
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
        """The deciding figure: the larger of the two, on the scale of the first."""
        return max(self.rms, self.max_abs * PASS / MAX_ABS)

    @property
    def word(self) -> Word:
        """The verdict: pass, review or fail."""
        if self.worst <= PASS:
            return "pass"
        return "review" if self.worst <= REVIEW else "fail"


def ratio(error: tuple[float, float], ensemble: Spread, golden_rms: float) -> Ratio:
    """The ratio of a candidate's error to the ensemble's.

    Args:
        error: relative RMS and largest absolute error against the golden.
        ensemble: the same of every member.
        golden_rms: root mean square of the golden, for the floor.
    """
    rms, max_abs = error
    return Ratio(
        rms / max(*ensemble["rms"], FLOOR),
        max_abs / max(*ensemble["max_abs"], FLOOR * golden_rms, FLOOR * FLOOR),
    )
