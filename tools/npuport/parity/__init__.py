"""Parity: does the ported model on the device compute what upstream computes on the CPU?

Read along the data's way.

On the CPU: `case` (what is run), `excite` (weights that hide nothing), `golden` (float64), `hf32` (the
device's rounding), `ensemble` (how far valid runs lie from the golden), `memo` (nothing twice), `reference`
(the process that makes all these from the unpatched upstream), `capture` (what it leaves), `recipe` (when).

On the device: `session` (tree, device, models), `run`, `fallback`, `compare` and `criterion` (figures, and
what they may be), `result`. To read: `plugin` and `progress` (pytest), `report`, `publish`.

From outside: `suite` (all of it in a process of its own).
"""
