"""Shell: what a script's commands assume."""

import bisect
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from npuport.audit.finding import Edit, Finding, Fix, Level, Shim
from npuport.audit.packages import judge_requirement
from npuport.audit.rules import RULES
from npuport.source.module import Unparsed
from npuport.source.shell import Command, Word, commands

_TALK = {
    "echo",
    "printf",
    "log",
    "info",
    "warn",
    "error",
    "die",
    "usage",
    "grep",
    "sed",
    "awk",
    "git",
    "cd",
    "mkdir",
}
_DEVICE = re.compile(r"cuda(?::(?:\d+|\$\{?\w+\}?))?")
_OPTION = re.compile(r"(?P<name>[-\w.+/]*)=(?P<value>.*)", re.S)
_ABOUT_DEVICE = re.compile(r"dev(?:ice)?s?\b|accelerator|_dev|gpu", re.I)
_VARIABLE = re.compile(r"(?:CUDA|NCCL|TORCH_NCCL|TORCH_CUDA|PYTORCH_CUDA|CUBLAS|CUDNN|NVIDIA)_[A-Z0-9_]+")
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
    line: int

    def finding(
        self,
        at: int,
        rule: str,
        what: str,
        level: Level | None = None,
        *,
        neutral: str = "",
        shim: Shim | None = None,
        fix: Fix | None = None,
    ) -> Finding:
        number = bisect.bisect_right(self.starts, at)
        line = self.data[self.starts[number - 1] :].partition(b"\n")[0]
        row = RULES[rule]
        return Finding(
            path=self.path,
            line=self.line + number - 1,
            column=len(line[: at - self.starts[number - 1]].decode(errors="replace")) + 1,
            rule=rule,
            level=level or row.level,
            code=line.decode(errors="replace").strip(),
            what=what,
            neutral=neutral or row.neutral,
            shim=shim or ("no" if row.shim == "yes" else row.shim),
            fix=fix,
        )


def scan_shell(path: str, data: bytes, line: int = 1) -> list[Finding]:
    """What a script assumes, in the order of its lines.

    Args:
        path: in the tree.
        line: the number of the script's first line there.
    """
    starts = [0, *(match.end() for match in re.finditer(rb"\n", data))]
    script = _Script(path, data, starts, line)
    found = commands(data)
    both = any(
        w.assignment and w.assignment[0] == "ASCEND_RT_VISIBLE_DEVICES" for c in found for w in c.assignments
    )
    findings = {(f.line, f.column, f.rule): f for command in found for f in _judge(script, command)}
    kept = [f for f in findings.values() if not (both and f.rule == "cuda-visible-devices")]
    return sorted(kept, key=lambda f: (f.line, f.column))


def _judge(script: _Script, command: Command) -> Iterator[Finding]:
    assigned = set(command.assignments)
    for word in command.assignments:
        yield from _judge_assignment(script, word)
    talks = command.name in _TALK
    installs = any(word.text in ("install", "add") for word in command.words[1:4]) and not talks
    for number, word in enumerate(command.words):
        before = command.words[number - 1].text if number else ""
        if "CUDA_VISIBLE_DEVICES" in word.expands:
            yield script.finding(word.start, "cuda-visible-devices", "$CUDA_VISIBLE_DEVICES")
        if talks or word in assigned:
            continue
        name = word.text.rpartition("/")[2]
        if name == "nvidia-smi":
            asks = before in ("-v", "which", "type", "hash", "-V")
            yield script.finding(
                word.start, "nvidia-smi", "nvidia-smi", "warning" if asks else None, fix=_count(script, word)
            )
        elif name == "nvcc":
            yield script.finding(word.start, "cuda-extension", "nvcc")
        elif name in ("nsys", "ncu", "nvprof") and command.name == name:
            yield script.finding(word.start, "cuda-profiler", name)
        elif before == "-c" and _PYTHON.fullmatch(command.name):
            yield from _judge_python(script, word)
        elif installs and (hit := judge_requirement(word.text)):
            yield script.finding(word.start, hit[0], word.text, hit[1])
        else:
            yield from _judge_option(script, word, before)


def _judge_assignment(script: _Script, word: Word) -> Iterator[Finding]:
    name, value = word.assignment or ("", "")
    if name == "CUDA_VISIBLE_DEVICES":
        raw = script.data[word.start : word.end].partition(b"=")[2]
        fix = Fix((Edit(word.end, word.end, b" ASCEND_RT_VISIBLE_DEVICES=" + raw),))
        yield script.finding(word.start, "cuda-visible-devices", name, fix=None if b"$(" in raw else fix)
    elif name == "NVIDIA_TF32_OVERRIDE":
        yield script.finding(word.start, "tf32", name)
    elif _VARIABLE.fullmatch(name):
        yield script.finding(word.start, "nccl" if "NCCL" in name else "cuda-env", name, "note", shim="no")
    elif _DEVICE.fullmatch(value):
        yield script.finding(word.start, "cuda-device", word.text, shim="partly")
    elif value == "nccl":
        yield script.finding(word.start, "nccl", word.text, shim="partly")


def _judge_option(script: _Script, word: Word, before: str) -> Iterator[Finding]:
    if before in ("==", "=", "!=") and _DEVICE.fullmatch(word.text):
        yield script.finding(word.start, "device-test", f"{before} {word.text}")
        return
    option = _OPTION.fullmatch(word.text)
    name, value = (option["name"], option["value"]) if option else (before, word.text)
    if not option and not before.startswith("-"):
        return
    if name.lstrip("-") in ("e", "env") and value.startswith("CUDA_VISIBLE_DEVICES"):
        yield script.finding(word.start, "cuda-visible-devices", "CUDA_VISIBLE_DEVICES")
    elif name == "CUDA_VISIBLE_DEVICES":
        yield script.finding(word.start, "cuda-visible-devices", name)
    elif _DEVICE.fullmatch(value) and (option or _ABOUT_DEVICE.search(name)):
        yield script.finding(word.start, "cuda-device", f"{name} {value}", shim="partly")
    elif value == "nccl":
        yield script.finding(word.start, "nccl", f"{name} {value}", shim="partly")


def _judge_python(script: _Script, word: Word) -> Iterator[Finding]:
    """The program of `python -c`."""
    from npuport.audit.python import scan_python

    first = script.finding(word.start, "cuda-api", "").line
    try:
        found = scan_python(script.path, word.text.encode("latin-1"))
    except Unparsed:
        return
    for finding in found:
        yield replace(finding, line=first + finding.line - 1, fix=None)


def _count(script: _Script, word: Word) -> Fix | None:
    """`nvidia-smi -L | wc -l` counts devices; torch does too."""
    match = _COUNT.match(script.data, word.start)
    inside = (
        script.data[: word.start].rstrip()[-2:] == b"$(" or script.data[word.start - 1 : word.start] == b"`"
    )
    if not match or not inside:
        return None
    python = b"python3" if re.search(rb"\bpython3\b", script.data) else b"python"
    program = python + b" -c 'import torch; print(torch.accelerator.device_count())'"
    return Fix((Edit(*match.span(), program),))
