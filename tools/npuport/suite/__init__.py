"""The parity suite: a pytest run in a child process that judges a port.

`run` starts pytest on `checks`; `plugin` makes the cases, `session` holds models and `captures`, `result`
is what a check records, `progress` prints it, `report` and `publish` write the report. `results` is
results.json as types, `trust` whether it proves a port: both for other commands, without pytest and torch.
"""
