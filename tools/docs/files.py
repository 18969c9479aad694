"""The parts of the reference that describe files: schemas as tables, both locks, the patches."""

import inspect
import json
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A Markdown table."""
    lines = [tuple(head)]
    lines += [tuple("---" for _ in lines[0]), *map(tuple, rows)]
    return "".join(f"| {' | '.join(cell.replace(chr(10), ' ') for cell in line)} |\n" for line in lines)


def code(text: str) -> str:
    """Text as inline code in a cell of a table."""
    return f"`{text}`".replace("|", "\\|")


def schema(name: str) -> Callable[[], str]:
    """Return a function that renders a JSON schema as tables: of the file, then of each of its parts."""

    def make() -> str:
        file = ROOT / "docs" / f"{name}.schema.json"
        if not file.is_file():
            return "\n"
        content: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        parts = "".join(
            f"**`{part}`**: {inner.get('description', '')}\n\n{_fields(inner)}\n"
            for part, inner in content.get("$defs", {}).items()
            if "properties" in inner
        )
        return f"\n{content['description']}\n\n{_fields(content)}\n{parts}"

    return make


def _fields(node: dict[str, Any]) -> str:
    rows = [(code(key), _type(inner), _described(inner)) for key, inner, _ in _properties(node, "")]
    return table(("Key", "Type", ""), rows)


def _properties(node: dict[str, Any], prefix: str) -> Iterator[tuple[str, dict[str, Any], bool]]:
    for name, inner in node.get("properties", {}).items():
        yield f"{prefix}{name}", inner, name in node.get("required", ())
        yield from _properties(inner, f"{prefix}{name}.")
        items = inner.get("items")
        if isinstance(items, dict):
            yield from _properties(items, f"{prefix}{name}[].")


def _type(node: dict[str, Any]) -> str:
    if "$ref" in node:
        return str(node["$ref"]).rpartition("/")[2]
    for key in ("oneOf", "anyOf"):
        if key in node:
            return " or ".join(map(_type, node[key]))
    if "enum" in node:
        return ", ".join(code(json.dumps(value)) for value in node["enum"])
    if "const" in node:
        return code(json.dumps(node["const"]))
    kind = node.get("type", "any")
    kind = " or ".join(kind) if isinstance(kind, list) else kind
    return f"{kind} of {_type(node['items'])}" if kind == "array" and "items" in node else kind


def _described(node: dict[str, Any]) -> str:
    return str(node.get("description", "")).replace("|", "\\|")


def lock() -> str:
    """The fields of `upstream.lock` as a table, with their values in the lock of this repository."""
    held = yaml.safe_load((ROOT / "upstream.lock").read_text(encoding="utf-8"))
    text: dict[str, str] = {
        "format": "version of this format",
        "upstream.url": "where upstream is: a url, or a path beside the lock",
        "upstream.branch": "the branch that `rebase --latest` and `watch` follow",
        "upstream.commit": "the pin, 40 hex digits",
        "upstream.tree": "the pin's tree; empty to have `npuport refresh` fill it in",
        "license.file": "upstream's licence, in its tree",
        "license.sha256": "its hash: a change stops a rebase",
        "series.digest": "of all patches in their order",
        "series.patches": "each patch's name and SHA-256",
        "ported.commit": "the ported commit, the same on every machine",
        "ported.tree": "its tree",
    }
    flat = {
        f"{key}.{inner}" if inner else key: value
        for key, part in held.items()
        for inner, value in (part.items() if isinstance(part, dict) else [("", part)])
    }
    if set(flat) != set(text):
        sys.exit(f"error: {sorted(set(flat) ^ set(text))}\nhint: describe the lock's fields in {__file__}")
    shown = {
        key: f"{len(value)} patches" if isinstance(value, list) else code(str(value))
        for key, value in flat.items()
    }
    return "\n" + table(("Field", "", "Here"), ((code(key), text[key], shown[key]) for key in flat)) + "\n"


def weights_lock() -> str:
    """The shape of `weights.lock`, from the docstring of the module that reads it."""
    try:
        from npuport.weights import lock as module
    except ImportError:
        return "\n"
    first, _, shape = (inspect.getdoc(module) or "").partition("\n\n")
    return f"\n{first}\n\n```yaml\n{shape}\n```\n\n"


def patches() -> str:
    """The patches of both ports in this repository: reason, DEP-3 fields, changed files."""
    from npuport.patch.mail import parse_patch

    lines = ["\n"]
    for root, title in ((ROOT, "MiniMax-AI/VTP"), (ROOT / "examples" / "patchtok", "patchtok, the example")):
        lines.append(f"## {title}\n\n")
        for name in (root / "patches" / "series").read_text(encoding="utf-8").split():
            data = (root / "patches" / name).read_bytes()
            parse_patch(name, data)
            head, _, diff = data.decode().partition("\ndiff --git ")
            message = head.partition("\n\n")[2].strip()
            reason, _, fields = message.rpartition("\n\n")
            files = re.findall(r"^\+\+\+ b/(.+)$", diff, re.M)
            lines.append(f"### {name.removesuffix('.patch')}\n\n{reason}\n\n")
            listed = [*fields.split("\n"), f"Changes: {', '.join(code(file) for file in files)}"]
            lines.append("".join(f"- {line}\n" for line in listed) + "\n")
    return "".join(lines)
