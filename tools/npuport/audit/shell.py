"""Shell: what a script's commands assume."""

import bisect
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from npuport.audit.finding import Edit, Embedded, Finding, Fix, Level, Scanned, Shim
from npuport.audit.packages import judge_requirement, judge_variable
from npuport.audit.rules import RULES
from npuport.source.shell import Command, Word, commands

_TALK = {
    *("echo", "printf", "log", "info", "warn", "error", "die", "usage", "grep", "sed", "awk", "git", "cd"),
    "mkdir",
}
_ASKS = ("-v", "which", "type", "hash", "-V")
_DEVICE = re.compile(r"cuda(?::(?:\d+|\$\{?\w+\}?))?")
_OPTION = re.compile(r"(?P<name>[-\w.+/]*)=(?P<value>.*)", re.S)
_ABOUT_DEVICE = re.compile(r"dev(?:ice)?s?\b|accelerator|_dev|gpu", re.I)
_COUNT = re.compile(
    rb"nvidia-smi\s+(?:-L|--list-gpus|--query-gpu=\w+\s+--format=csv,noheader|--format=csv,noheader\s+--query-gpu=\w+)"
    rb"(?:\s+2>\s*/dev/null)?\s*\|\s*wc\s+(?:-l|--lines)(?:\s*\|\s*(?:xargs|tr\s+-d\s+['\"]? ['\"]?))?"
)
_PYTHON = re.compile(r"python[\d.]*")


@dataclass(frozen=True)
class _Script:
    path: str
    data: bytes
    starts: list[int]

    def line_of(self, at: int) -> int:
        return bisect.bisect_right(self.starts, at)

    def finding(
        self,
        word: Word,
        rule: str,
        what: str,
        level: Level | None = None,
        *,
        shim: Shim | None = None,
        fix: Fix | None = None,
    ) -> Finding:
        number = self.line_of(word.start)
        start = self.starts[number - 1]
        line = self.data[start:].partition(b"\n")[0]
        column = len(line[: word.start - start].decode(errors="replace")) + 1
        found = RULES[rule].finding(self.path, number, column, line.decode(errors="replace").strip(), what)
        shim = shim or ("no" if found.shim == "yes" else found.shim)
        return replace(found, level=level or found.level, shim=shim, fix=fix)


def scan_shell(path: str, data: bytes) -> Scanned:
    """What a script assumes; the programs of `python -c` are embedded programs.

    Args:
        path: in the tree.
    """
    script = _Script(path, data, [0, *(match.end() for match in re.finditer(rb"\n", data))])
    parsed = commands(data)
    names = {word.assignment[0] for c in parsed for word in c.assignments if word.assignment}
    findings = [finding for command in parsed for finding in _judge(script, command)]
    if "ASCEND_RT_VISIBLE_DEVICES" in names:
        findings = [finding for finding in findings if finding.rule != "cuda-visible-devices"]
    return Scanned(findings, [program for command in parsed for program in _programs(script, command)])


def _judge(script: _Script, command: Command) -> Iterator[Finding]:
    assigned = set(command.assignments)
    talks = command.name in _TALK
    installs = any(word.text in ("install", "add") for word in command.words[1:4]) and not talks
    for number, word in enumerate(command.words):
        if "CUDA_VISIBLE_DEVICES" in word.expands:
            yield script.finding(word, "cuda-visible-devices", "$CUDA_VISIBLE_DEVICES")
        if word in assigned:
            yield from _judge_assignment(script, word)
        elif not talks:
            yield from _judge_word(script, command, number, installs=installs)


def _judge_word(script: _Script, command: Command, number: int, *, installs: bool) -> Iterator[Finding]:
    word, before = command.words[number], command.words[number - 1].text if number else ""
    name = word.text.rpartition("/")[2]
    if name == "nvidia-smi":
        level: Level | None = "warning" if before in _ASKS else None
        yield script.finding(word, "nvidia-smi", name, level, fix=_count(script, word))
    elif name == "nvcc":
        yield script.finding(word, "cuda-extension", "nvcc")
    elif name in ("nsys", "ncu", "nvprof") and command.name == name:
        yield script.finding(word, "cuda-profiler", name)
    elif installs and (verdict := judge_requirement(word.text)):
        yield script.finding(word, verdict[0], word.text, verdict[1])
    elif not _is_program(command, number):
        yield from _judge_option(script, word, before)


def _judge_assignment(script: _Script, word: Word) -> Iterator[Finding]:
    name, value = word.assignment or ("", "")
    if name == "CUDA_VISIBLE_DEVICES":
        raw = script.data[word.start : word.end].partition(b"=")[2]
        fix = Fix((Edit(word.end, word.end, b" ASCEND_RT_VISIBLE_DEVICES=" + raw),))
        yield script.finding(word, "cuda-visible-devices", name, fix=None if b"$(" in raw else fix)
    elif variable := judge_variable(name):
        yield script.finding(word, variable[0], name, variable[1], shim="no")
    elif _DEVICE.fullmatch(value):
        yield script.finding(word, "cuda-device", word.text)
    elif value == "nccl":
        yield script.finding(word, "nccl", word.text)


def _judge_option(script: _Script, word: Word, before: str) -> Iterator[Finding]:
    if before in ("==", "=", "!=") and _DEVICE.fullmatch(word.text):
        yield script.finding(word, "device-test", f"{before} {word.text}")
        return
    option = _OPTION.fullmatch(word.text)
    name, value = (option["name"], option["value"]) if option else (before, word.text)
    if not option and not before.startswith("-"):
        return
    if name == "CUDA_VISIBLE_DEVICES" or (
        name.lstrip("-") in ("e", "env") and value.startswith("CUDA_VISIBLE_DEVICES")
    ):
        yield script.finding(word, "cuda-visible-devices", "CUDA_VISIBLE_DEVICES")
    elif _DEVICE.fullmatch(value) and (option or _ABOUT_DEVICE.search(name)):
        yield script.finding(word, "cuda-device", f"{name} {value}")
    elif value == "nccl":
        yield script.finding(word, "nccl", f"{name} {value}")


def _is_program(command: Command, number: int) -> bool:
    """Whether a word is the program of `python -c`."""
    return number > 0 and command.words[number - 1].text == "-c" and bool(_PYTHON.fullmatch(command.name))


def _programs(script: _Script, command: Command) -> Iterator[Embedded]:
    for number, word in enumerate(command.words):
        if _is_program(command, number):
            yield Embedded.at_line("python", word.text.encode("latin-1"), script.line_of(word.start))


def _count(script: _Script, word: Word) -> Fix | None:
    """`$(nvidia-smi -L | wc -l)` counts devices; torch can count them, too."""
    match = _COUNT.match(script.data, word.start)
    before = script.data[: word.start]
    if not match or not (before.rstrip().endswith(b"$(") or before.endswith(b"`")):
        return None
    python = b"python3" if re.search(rb"\bpython3\b", script.data) else b"python"
    program = python + b" -c 'import torch; print(torch.accelerator.device_count())'"
    return Fix((Edit(*match.span(), program),))
