"""The parity suite's machinery: does the ported model on the device compute what upstream computes on the CPU?

Read along the data's way: `case` (what is run), `excite` (weights that hide nothing), `capture` (outputs on
disk), `golden` and `hf32` (float64, and the device's rounding on the CPU), `ensemble` (how far valid runs lie
from the golden), `reference` (the process that makes all these from the unpatched upstream), `compare` and
`criterion` (figures, and what they may be), `plugin` and `report` (pytest's results as files to read).
"""
