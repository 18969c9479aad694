"""Files that hold code or settings among other things: Markdown, notebooks, YAML, requirements."""

import json
import re
import textwrap
from collections.abc import Iterator
from dataclasses import replace

from npuport.audit.finding import Embedded, Finding, Scanned
from npuport.audit.packages import judge_requirement
from npuport.audit.rules import RULES
from npuport.source.module import Unparsed, decoded, parse

_FENCE = re.compile(r"^(?P<indent>[ >]*)(?P<mark>`{3,}|~{3,})\s*\{?\.?(?P<language>[\w+-]*)")
_PYTHON = {"python", "py", "python3", "pycon", "ipython"}
_SHELL = {"bash", "sh", "shell", "console", "zsh", "shell-session", "bat"}
_DEVICE_KEY = re.compile(r"dev(?:ice)?s?$|_?device_?\w*|map_location|accelerator", re.I)


def scan_markdown(data: bytes) -> Scanned:
    """The examples of a document, as embedded programs."""
    programs = []
    for language, line, text in _fences(decoded(data)):
        if language in _PYTHON and (code := _example(text)) is not None:
            programs.append(Embedded.at_line("python", code.encode(), line))
        elif language in _SHELL:
            code = re.sub(r"^(\s*)[$>] ", r"\1", text, flags=re.M)
            programs.append(Embedded.at_line("shell", code.encode("latin-1", errors="replace"), line))
    return Scanned(embedded=programs)


def _fences(text: str) -> Iterator[tuple[str, int, str]]:
    """Language, first line and text of every fenced block."""
    block: list[str] = []
    opening: re.Match[str] | None = None
    for number, line in enumerate(text.splitlines(), 1):
        fence = _FENCE.match(line)
        if opening is None:
            opening, block = fence, []
        elif fence and not fence["language"] and fence["mark"].startswith(opening["mark"]):
            yield opening["language"].lower(), number - len(block), "\n".join(block)
            opening = None
        else:
            block.append(line.removeprefix(opening["indent"]))


def _example(text: str) -> str | None:
    """The Python of an example: as it is, dedented, or from a dialogue; None if it is only an excerpt."""
    dialogue = "\n".join(row[4:] if row.startswith((">>> ", "... ")) else "" for row in text.splitlines())
    candidates = [text, textwrap.dedent(text), *([dialogue] if ">>> " in text else [])]
    return next((code for code in candidates if _parses(code)), None)


def scan_notebook(data: bytes) -> Scanned:
    """The code cells of a notebook and the shell commands in them, as embedded programs.

    Raises:
        Unparsed: it is not a notebook.
    """
    try:
        cells = json.loads(data)["cells"]
        sources = [_lines(cell["source"]) for cell in cells if cell.get("cell_type") == "code"]
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise Unparsed(1, "not a notebook of format 4") from error
    rows = decoded(data).split("\n")
    programs: list[Embedded] = []
    code: list[str] = []
    numbers: list[int] = []  # of the code's lines, in the file
    at = 0
    for lines in sources:
        own = []
        for line in lines:
            at = _seek(rows, at, line)
            own.append(at + 1)
            if (command := line.lstrip()).startswith("!"):
                data = command[1:].encode("latin-1", errors="replace")
                programs.append(Embedded.at_line("shell", data, at + 1))
        plain = [_without_magic(line) for line in lines]
        if _parses("\n".join(plain)):  # a cell uses the imports of another: they are one program
            code += plain
            numbers += own

    def place(finding: Finding) -> Finding:
        return replace(finding, line=numbers[finding.line - 1], fix=None)

    return Scanned(embedded=[*programs, Embedded("python", "\n".join(code).encode(), place)])


def _lines(source: str | list[str]) -> list[str]:
    return (source if isinstance(source, str) else "".join(source)).split("\n")


def _seek(rows: list[str], at: int, line: str) -> int:
    """The row of the file that holds a cell's line, from the current row on."""
    for ascii_only in (True, False):
        wanted = json.dumps(line, ensure_ascii=ascii_only)[:-1]
        for number in range(at, min(at + 2000, len(rows))):
            if rows[number].lstrip().removeprefix('"source": ').startswith(wanted):
                return number
    return at


def _without_magic(line: str) -> str:
    """A line as Python reads it; a command becomes `pass`, so that a block around it stays valid."""
    bare = line.lstrip()
    return line[: len(line) - len(bare)] + "pass" if bare.startswith(("!", "%", "?")) else line


def _parses(code: str) -> bool:
    try:
        parse(code.encode())
    except Unparsed:
        return False
    return True


def scan_yaml(path: str, data: bytes) -> Scanned:
    """Devices and back ends in a configuration; nothing if it is a template, which is not valid YAML."""
    if not re.search(rb"cuda|nccl|CUDA_VISIBLE", data):
        return Scanned()
    import yaml  # type: ignore[import-untyped, unused-ignore]

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    lines = decoded(data).splitlines()
    findings: list[Finding] = []
    try:
        for document in yaml.compose_all(decoded(data), Loader=loader):
            for key, value, line, column in _scalars(document, "", 0):
                if rule := _setting(key, value):
                    code = lines[line].strip() if line < len(lines) else ""
                    what = f"{key}: {value}" if key else value
                    finding = RULES[rule].finding(path, line + 1, column + 1, code, what)
                    findings.append(replace(finding, level="warning"))
    except (yaml.YAMLError, RecursionError):
        return Scanned()
    return Scanned(findings)


def _setting(key: str, value: str) -> str:
    if key == "CUDA_VISIBLE_DEVICES":
        return "cuda-visible-devices"
    if re.fullmatch(r"cuda(?::\d+)?", value) and (_DEVICE_KEY.fullmatch(key) or ":" in value):
        return "cuda-device"
    return "nccl" if value == "nccl" else ""


def _scalars(node: object, key: str, depth: int) -> Iterator[tuple[str, str, int, int]]:
    """Key, value, line and column, from 0, of every scalar below a node."""
    import yaml  # type: ignore[import-untyped, unused-ignore]

    if depth > 100:
        return
    if isinstance(node, yaml.ScalarNode):
        yield key, node.value, node.start_mark.line, node.start_mark.column
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            yield from _scalars(item, key, depth + 1)
    elif isinstance(node, yaml.MappingNode):
        for name, item in node.value:
            yield from _scalars(item, str(name.value), depth + 1)


def scan_requirements(path: str, data: bytes) -> Scanned:
    """Requirements that need CUDA."""
    findings = []
    for number, line in enumerate(decoded(data).splitlines(), 1):
        text = re.sub(r"(^|\s)#.*", "", line).strip()
        if text and (verdict := judge_requirement(text)):
            rule, level = verdict
            column = line.index(text) + 1
            finding = RULES[rule].finding(path, number, column, text, text)
            findings.append(replace(finding, level=level, shim="no"))
    return Scanned(findings)
