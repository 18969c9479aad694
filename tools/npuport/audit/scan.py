"""Scan a whole tree: every file by its kind, and the programs in it; on all cores if that is faster."""

import os
import posixpath
import sys
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace

from npuport.audit import documents
from npuport.audit.finding import Finding, Scanned
from npuport.audit.python import HARMLESS, scan_python
from npuport.audit.rules import RULES
from npuport.audit.shell import scan_shell
from npuport.source.module import Unparsed, gc_paused, parse
from npuport.source.tree import kind

#: A file without any of these words assumes nothing; it is only parsed.
_WORDS = tuple(
    b"cuda nccl cublas cudnn tf32 triton flash_att flashinfer xformers apex nvidia nvml nvcc nsys nvsmi"
    b" 'gpu' \"gpu\" torch.amp gradscaler autocast pin_memory .double float64 .complex complex32 complex64"
    b" complex128 as_complex polar cfloat cdouble stft torch.fft .fft. tensorrt cupy bitsandbytes mamba_ssm"
    b" causal_conv1d spconv torchsparse minkowski nvdiffrast tinycudann transformer_engine cudf cuml cugraph"
    b" natten sageattention torch2trt fp32_precision pynvjitlink amp_c".split()
)
#: From this many bytes of Python on, a second process saves more time than its start takes.
_MANY = 3_000_000
_DEEP = 20_000


def scan(
    files: Mapping[str, bytes], *, only: Collection[str] | None = None, jobs: int | None = None
) -> list[Finding]:
    """The findings of a tree's files, by path and line.

    Args:
        only: the paths to scan; None for all.
        jobs: the number of processes; None to choose it by the size of the tree.
    """
    roots = Roots(files)
    files = files if only is None else {path: files[path] for path in only}
    if jobs is None:
        size = sum(len(data) for path, data in files.items() if path.endswith(".py"))
        jobs = (os.cpu_count() or 1) if size > _MANY else 1
    if jobs == 1:
        findings = _scan_part(files, roots)
    else:
        parts = [dict(part) for part in _shares(list(files.items()), jobs * 4)]
        with ProcessPoolExecutor(jobs) as pool:
            findings = [f for part in pool.map(_scan_part, parts, [roots] * len(parts)) for f in part]
    return sorted(findings, key=lambda f: (f.path, f.line, f.column))


def scan_file(path: str, data: bytes, local: frozenset[str] = frozenset()) -> list[Finding]:
    """The findings of one file, by line; a file that cannot be parsed is itself a finding.

    Args:
        local: the names of the tree's own top-level modules.
    """
    language = kind(path, data)
    try:
        findings = _with_embedded(language, path, data, local)
    except (Unparsed, RecursionError) as error:
        fault = error if isinstance(error, Unparsed) else Unparsed(1, "nested too deeply")
        return [_unparsed(path, data, fault)]
    if language == "markdown":  # only its readers run it
        return [replace(finding, level="note") for finding in findings]
    return findings


def _with_embedded(language: str, path: str, data: bytes, local: frozenset[str]) -> list[Finding]:
    """The findings of a file or program and of the programs in it, one for each place and rule, by line."""
    scanned = _scanned(language, path, data, local)
    findings = scanned.findings
    for program in scanned.embedded:
        try:
            inner = _with_embedded(program.language, path, program.data, frozenset())
        except Unparsed:
            continue
        if any(f.level != "note" and f.rule not in HARMLESS for f in inner):
            # A fix of the conditions around it would let an NPU into code that fails there.
            for number in program.conditions:
                findings[number] = replace(findings[number], fix=None)
        findings = [*findings, *map(program.place, inner)]
    unique: dict[tuple[int, int, str], Finding] = {}
    for finding in findings:
        unique.setdefault((finding.line, finding.column, finding.rule), finding)
    return sorted(unique.values(), key=lambda f: (f.line, f.column))


def _scanned(language: str, path: str, data: bytes, local: frozenset[str]) -> Scanned:
    match language:
        case "python" if _may_assume(data):
            return scan_python(path, data, local)
        case "python":
            parse(data)
        case "shell":
            return scan_shell(path, data)
        case "markdown":
            return documents.scan_markdown(data)
        case "notebook":
            return documents.scan_notebook(data)
        case "yaml":
            return documents.scan_yaml(path, data)
        case "requirements":
            return documents.scan_requirements(path, data)
        case "cuda":
            rule = RULES["cuda-extension"]
            return Scanned([rule.finding(path, 1, 1, posixpath.basename(path), "a source file in CUDA C++")])
    return Scanned()


def _may_assume(data: bytes) -> bool:
    lower = data.lower()
    return any(word in lower for word in _WORDS)


def _scan_part(files: Mapping[str, bytes], roots: "Roots") -> list[Finding]:
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(max(limit, _DEEP))
    try:
        with gc_paused():
            return [f for path, data in files.items() for f in scan_file(path, data, roots.local(path))]
    finally:
        sys.setrecursionlimit(limit)


class Roots:
    """The names under which a tree's own modules are imported: at its root, and in a script's directory."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        python = [path for path in files if path.endswith(".py")]
        self.packages = {posixpath.dirname(path) for path in python if path.endswith("__init__.py")}
        self.top = frozenset(path.split("/")[0].removesuffix(".py") for path in python)
        self.beside: dict[str, set[str]] = {}
        for path in python:
            directory, name = posixpath.split(path)
            if directory not in self.packages:
                self.beside.setdefault(directory, set()).add(name.removesuffix(".py"))

    def local(self, path: str) -> frozenset[str]:
        """The names that mean the tree's own modules in a file."""
        return self.top | self.beside.get(posixpath.dirname(path), set())


def _shares(items: Sequence[tuple[str, bytes]], count: int) -> list[list[tuple[str, bytes]]]:
    """The items in parts of about the same size."""
    ordered = sorted(items, key=lambda item: len(item[1]), reverse=True)
    return [ordered[number::count] for number in range(count)]


def _unparsed(path: str, data: bytes, error: Unparsed) -> Finding:
    lines = data.split(b"\n")
    code = lines[error.line - 1] if error.line <= len(lines) else b""
    text = code.decode(errors="backslashreplace").replace("\0", "\\0").strip()[:200]
    return RULES["unparsed"].finding(path, error.line, 1, text, error.reason)
