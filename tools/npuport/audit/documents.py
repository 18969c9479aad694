"""Files that hold code or settings among other things: Markdown, notebooks, YAML, requirements."""

import json
import re
import textwrap
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from npuport.audit.finding import Finding
from npuport.audit.packages import judge_requirement
from npuport.audit.python import scan_python
from npuport.audit.rules import RULES
from npuport.audit.shell import scan_shell
from npuport.source.module import Unparsed, decoded, parse

_FENCE = re.compile(r"^(?P<indent>[ >]*)(?P<mark>`{3,}|~{3,})\s*\{?\.?(?P<language>[\w+-]*)")
_PYTHON = {"python", "py", "python3", "pycon", "ipython"}
_SHELL = {"bash", "sh", "shell", "console", "zsh", "shell-session", "bat"}
_DEVICE_KEY = re.compile(r"dev(?:ice)?s?$|_?device_?\w*|map_location|accelerator", re.I)


def scan_markdown(path: str, data: bytes) -> list[Finding]:
    """The examples of a document, as notes: nobody runs it, but its readers do."""
    found: list[Finding] = []
    for language, line, text in _fences(decoded(data)):
        if language in _PYTHON:
            found += _examples(path, text, line)
        elif language in _SHELL:
            code = re.sub(r"^(\s*)[$>] ", r"\1", text, flags=re.M)
            found += scan_shell(path, code.encode("latin-1", errors="replace"), line)
    return [replace(finding, level="note", fix=None) for finding in found]


def _fences(text: str) -> Iterator[tuple[str, int, str]]:
    """Language, first line and text of every fenced block."""
    block: list[str] = []
    opening: re.Match[str] | None = None
    for number, line in enumerate(text.splitlines(), 1):
        fence = _FENCE.match(line)
        if opening is None:
            opening, block = fence, []
            continue
        closes = fence and not fence["language"] and fence["mark"].startswith(opening["mark"])
        if closes:
            yield opening["language"].lower(), number - len(block), "\n".join(block)
            opening = None
        else:
            block.append(line.removeprefix(opening["indent"]))


def _examples(path: str, text: str, line: int) -> list[Finding]:
    """Python of a document: as it is, dedented, or out of a dialogue with the interpreter."""
    dialogue = "\n".join(row[4:] if row.startswith((">>> ", "... ")) else "" for row in text.splitlines())
    candidates = [text, textwrap.dedent(text), *([dialogue] if ">>> " in text else [])]
    for candidate in candidates:
        try:
            found = scan_python(path, candidate.encode())
        except Unparsed:
            continue
        return [replace(finding, line=finding.line + line - 1) for finding in found]
    return []  # an excerpt, not a program


def scan_notebook(path: str, data: bytes) -> list[Finding]:
    """The code cells of a notebook, at the lines of the file itself.

    Raises:
        Unparsed: it is no notebook.
    """
    try:
        cells = json.loads(data)["cells"]
        sources = [_lines(cell["source"]) for cell in cells if cell.get("cell_type") == "code"]
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise Unparsed(1, "not a notebook of format 4") from error
    rows = decoded(data).split("\n")
    found: list[Finding] = []
    code: list[str] = []
    places: list[int] = []
    at = 0
    for lines in sources:
        numbers = []
        for line in lines:
            at = _seek(rows, at, line)
            numbers.append(at + 1)
        found += [
            replace(finding, line=numbers[finding.line - 1], fix=None) for finding in _magic(path, lines)
        ]
        plain = [_without_magic(line) for line in lines]
        if _parses(plain):  # what one cell imports, another uses: they are one program
            code += plain
            places += numbers
    for finding in scan_python(path, "\n".join(code).encode()):
        found.append(replace(finding, line=places[finding.line - 1], fix=None))
    return sorted(found, key=lambda f: (f.line, f.column))


def _lines(source: str | list[str]) -> list[str]:
    return (source if isinstance(source, str) else "".join(source)).split("\n")


def _seek(rows: list[str], at: int, line: str) -> int:
    """The row of the file that holds a cell's line, from the present row on."""
    for ascii_only in (True, False):
        wanted = json.dumps(line, ensure_ascii=ascii_only)[:-1]
        for number in range(at, min(at + 2000, len(rows))):
            if rows[number].lstrip().removeprefix('"source": ').startswith(wanted):
                return number
    return at


def _magic(path: str, lines: list[str]) -> Iterator[Finding]:
    """The shell commands of a cell, `!nvidia-smi`."""
    for number, line in enumerate(lines, 1):
        bare = line.lstrip()
        if bare.startswith("!"):
            for finding in scan_shell(path, bare[1:].encode("latin-1", errors="replace")):
                yield replace(finding, line=number)


def _without_magic(line: str) -> str:
    """A line as Python reads it: a command in the middle of a block is a statement that does nothing."""
    bare = line.lstrip()
    return line[: len(line) - len(bare)] + "pass" if bare.startswith(("!", "%", "?")) else line


def _parses(lines: list[str]) -> bool:
    try:
        parse("\n".join(lines).encode())
    except Unparsed:
        return False
    return True


def scan_yaml(path: str, data: bytes) -> list[Finding]:
    """Devices and back ends in a configuration. A template that is no YAML yet is passed over."""
    if not re.search(rb"cuda|nccl|CUDA_VISIBLE", data):
        return []
    import yaml  # type: ignore[import-untyped, unused-ignore]

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    lines = decoded(data).splitlines()
    found: list[Finding] = []
    try:
        for document in yaml.compose_all(decoded(data), Loader=loader):
            for key, node in _scalars(document, "", 0):
                if hit := _setting(key, node.value):
                    mark = node.start_mark
                    rule, what = RULES[hit], f"{key}: {node.value}" if key else node.value
                    level = "warning" if rule.level == "error" else rule.level
                    code = lines[mark.line].strip() if mark.line < len(lines) else ""
                    found.append(
                        Finding(
                            path,
                            mark.line + 1,
                            mark.column + 1,
                            rule.id,
                            level,
                            code,
                            what,
                            rule.neutral,
                            "no" if rule.id == "cuda-visible-devices" else "partly",
                        )
                    )
    except (yaml.YAMLError, RecursionError):
        return []
    return found


def _setting(key: str, value: str) -> str:
    if key == "CUDA_VISIBLE_DEVICES":
        return "cuda-visible-devices"
    if re.fullmatch(r"cuda(?::\d+)?", value) and (_DEVICE_KEY.fullmatch(key) or ":" in value):
        return "cuda-device"
    return "nccl" if value == "nccl" else ""


def _scalars(node: object, key: str, depth: int) -> Iterator[tuple[str, Any]]:
    import yaml  # type: ignore[import-untyped, unused-ignore]

    if depth > 100:
        return
    if isinstance(node, yaml.ScalarNode):
        yield key, node
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            yield from _scalars(item, key, depth + 1)
    elif isinstance(node, yaml.MappingNode):
        for name, item in node.value:
            yield from _scalars(item, str(name.value), depth + 1)


def scan_requirements(path: str, data: bytes) -> list[Finding]:
    """Requirements that only CUDA can meet."""
    found = []
    for number, line in enumerate(decoded(data).splitlines(), 1):
        text = re.sub(r"(^|\s)#.*", "", line).strip()
        if text and (hit := judge_requirement(text)):
            rule = RULES[hit[0]]
            column = line.index(text) + 1
            found.append(Finding(path, number, column, rule.id, hit[1], text, text, rule.neutral, "no"))
    return found
