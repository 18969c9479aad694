"""docs/*.schema.json, made from the dataclasses that npuport writes; for tools/docs/reference.py."""

import importlib
import json

#: By the file's name before `.schema.json`: the class, as `module:Class`, and the schema's title.
SCHEMAS: dict[str, tuple[str, str]] = {
    "results": ("npuport.suite.results:Results", "results.json of npuport parity"),
    "rebase": ("npuport.rebase.summary:Summary", "report.json of npuport rebase"),
    "bench": ("npuport.bench.format:BenchResults", "results.json of npuport bench"),
}


def schema_file(name: str) -> str:
    """The text of a schema's file."""
    from npuport.base.schema import schema_of

    where, title = SCHEMAS[name]
    module, _, cls = where.partition(":")
    schema = schema_of(getattr(importlib.import_module(module), cls), title)
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"
