"""A whole tree: every file by its kind, on all cores where that pays."""

import os
import posixpath
import sys
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor

from npuport.audit.finding import Finding
from npuport.audit.rules import RULES
from npuport.source.module import Unparsed, parse, uncollected
from npuport.source.tree import kind

#: A file without any of these words assumes nothing; its syntax is looked at all the same.
_WORDS = tuple(
    b"cuda nccl cublas cudnn tf32 triton flash_att flashinfer xformers apex nvidia nvml nvcc nsys nvsmi"
    b" 'gpu' \"gpu\" torch.amp gradscaler autocast pin_memory .double float64 .complex complex32 complex64"
    b" complex128 as_complex polar cfloat cdouble stft torch.fft .fft. tensorrt cupy bitsandbytes mamba_ssm"
    b" causal_conv1d spconv torchsparse minkowski nvdiffrast tinycudann transformer_engine cudf cuml cugraph"
    b" natten sageattention torch2trt fp32_precision pynvjitlink amp_c".split()
)
#: From how many bytes of Python on a second process pays for its start.
_MANY = 3_000_000
_DEEP = 20_000


def scan(
    files: Mapping[str, bytes], *, only: Collection[str] | None = None, jobs: int | None = None
) -> list[Finding]:
    """What the files of a tree assume, by path and line.

    Args:
        only: the paths to look at; None for all.
        jobs: the processes to use; None for as many as pay.
    """
    roots = Roots(files)
    files = files if only is None else {path: files[path] for path in only}
    if jobs is None:
        size = sum(len(data) for path, data in files.items() if path.endswith(".py"))
        jobs = (os.cpu_count() or 1) if size > _MANY else 1
    if jobs == 1:
        return _in_order(_scan_part(files, roots))
    parts = [dict(part) for part in _shares(list(files.items()), jobs * 4)]
    with ProcessPoolExecutor(jobs) as pool:
        found = [f for part in pool.map(_scan_part, parts, [roots] * len(parts)) for f in part]
    return _in_order(found)


def _in_order(findings: list[Finding]) -> list[Finding]:
    return sorted(findings, key=lambda f: (f.path, f.line, f.column))


def scan_file(path: str, data: bytes, local: frozenset[str] = frozenset()) -> list[Finding]:
    """What one file assumes; a file that cannot be read is itself a finding."""
    from npuport.audit import documents
    from npuport.audit.python import scan_python
    from npuport.audit.shell import scan_shell

    what = kind(path, data)
    try:
        if what == "python":
            if not _may_assume(data):
                parse(data)
                return []
            return scan_python(path, data, local)
        if what == "shell":
            return scan_shell(path, data)
        if what == "markdown":
            return documents.scan_markdown(path, data)
        if what == "notebook":
            return documents.scan_notebook(path, data)
        if what == "yaml":
            return documents.scan_yaml(path, data)
        if what == "requirements":
            return documents.scan_requirements(path, data)
    except Unparsed as error:
        return [_unparsed(path, data, error)]
    except RecursionError:
        return [_unparsed(path, data, Unparsed(1, "nested too deeply"))]
    if what == "cuda":
        return [_simple(path, 1, "cuda-extension", posixpath.basename(path), "a source in CUDA C++")]
    return []


def _may_assume(data: bytes) -> bool:
    lower = data.lower()
    return any(word in lower for word in _WORDS)


def _scan_part(files: Mapping[str, bytes], roots: "Roots") -> list[Finding]:
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(max(limit, _DEEP))
    try:
        with uncollected():
            return [f for path, data in files.items() for f in scan_file(path, data, roots.local(path))]
    finally:
        sys.setrecursionlimit(limit)


class Roots:
    """The names under which a tree's own modules are imported: at its root, and beside a script."""

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
    """Parts of about the same size."""
    shares: list[list[tuple[str, bytes]]] = [[] for _ in range(count)]
    for number, item in enumerate(sorted(items, key=lambda item: len(item[1]), reverse=True)):
        shares[number % count].append(item)
    return shares


def _unparsed(path: str, data: bytes, error: Unparsed) -> Finding:
    lines = data.split(b"\n")
    code = lines[error.line - 1] if error.line <= len(lines) else b""
    text = code.decode(errors="backslashreplace").replace("\0", "\\0").strip()[:200]
    return _simple(path, error.line, "unparsed", text, error.reason)


def _simple(path: str, line: int, rule: str, code: str, what: str) -> Finding:
    row = RULES[rule]
    return Finding(path, line, 1, rule, row.level, code, what, row.neutral, row.shim)
