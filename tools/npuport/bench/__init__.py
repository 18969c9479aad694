"""Benchmark: the latency, throughput, memory and work of the ported model on a device.

In the order of the data: `plan` (what is measured, for how long). In a child process: `worker` (one round),
`workload` (the model and its runs), `visit` (one run in one round), `clock` (warm-up and the timed loop),
`memory`, `flops`, `launches`. In the parent: `rounds` (starts the children, one a round), `busy` (CPU time
used by other processes), `stats` (from samples to figures), `chips` (peaks, each with its source), `results`
(all of it as plain data, in the form that `format` gives). Then `tables` (as the published ports show it),
`report`, `chart`, `compare`. `run` does all of it for a port.

All but `run`, `report` and `chart` need only the standard library, numpy, scipy, torch and the port's
adapter, so that a bundle can hold them: `python -m npuport.bench` is the benchmark without a port.
"""
