"""Benchmark: how long the ported model takes on a device, and what of the device it uses.

Read along the data's way.

`plan` (what is measured, for how long). In the child: `worker` (one round: a fresh process that builds
the model and visits every run), `visit` (one run in one round), `clock` (warm-up and the timed loop),
`memory`, `flops`, `launches`, all on an `accelerator`. Around it: `rounds` (starts the children, one a
round), `busy` (what others took of the machine meanwhile), `stats` and `student` (samples to figures),
`chips` (peaks, each with its source), `results` (all of it as plain data, which docs/bench.schema.json
describes).

To read: `tables` (as the published ports give it), `report`, `chart`, `compare`. From outside: `run`.

Everything but `run`, `report` and `chart` needs the standard library, numpy, torch and the port's adapter
alone, so that a bundle can bring it along: `python -m npuport.bench` is the benchmark without a harness.
"""
