"""The parity suite as a pytest run of its own.

`run` starts pytest on `checks`; `plugin` collects the cases, `session` holds models and captures, `publish`
writes the report.
"""
