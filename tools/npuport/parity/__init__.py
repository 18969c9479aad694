"""Parity: does the ported model on the device compute what upstream computes on the CPU? The numerics alone.

Modules in the order of the data:

On the CPU: `case` (what is run), `excite` (weights that hide no fault), `golden` (float64), `hf32` (the
device's rounding), `ensemble` (how far valid runs lie from the golden), `memo` (nothing is computed twice),
`reference` (the process that computes all this from the unpatched upstream), `manifest` and `capture` (what
it writes), `recipe` (what a capture depends on).

On the device: `flags` (precision), `judge` and `compare` (one case, one output), `criterion` (the allowed
error), `verdict` (the words and the figures).

Nothing here needs pytest, git or a port's directory: a bundle holds this package.
"""
