"""`--fix`: one patch of the mechanical changes, for review. It applies exactly and gives its reason."""

import ast
import difflib
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from npuport import git
from npuport.audit.finding import Edit, Finding
from npuport.audit.scan import scan_file
from npuport.audit.source_text import HELPER, SourceText
from npuport.patch.apply import split_lines
from npuport.patch.mail import parse_patch
from npuport.patch.new import name_of, write_mail
from npuport.source.module import parse
from npuport.source.names import Scope

_OPENS = ("cuda-available", "is-cuda")
_SUBJECT = "Choose the accelerator that is present"
_REASON = """\
These places name CUDA where any accelerator would do, so that on an NPU they
fail or fall back to the CPU. Ask torch.accelerator which one is present;
where there is none, it is the CPU. With CUDA nothing changes.

Drafted by `npuport audit --fix`: review each line before it joins the series.
"""


@dataclass(frozen=True)
class Draft:
    """A drafted patch.

    Args:
        name: its file's name.
        data: the whole patch.
        findings: those that it removes.
        files: the changed files' new bytes.
    """

    name: str
    data: bytes
    findings: tuple[Finding, ...]
    files: Mapping[str, bytes]


def draft(
    files: Mapping[str, bytes],
    findings: Sequence[Finding],
    *,
    number: int,
    author: tuple[str, str],
    modes: Mapping[str, str],
    today: datetime | None = None,
) -> Draft | None:
    """The patch for the findings that have a mechanical change; None if none has.

    Args:
        files: the tree that the findings are of.
        number: of the patch in its series.
        author: name and address.
        modes: of the files, as git writes them; `100644` if missing.
    """
    done: list[Finding] = []
    changed: dict[str, bytes] = {}
    for path in dict.fromkeys(f.path for f in findings if f.fix):
        fixed, taken = _fixed(files[path], path, [f for f in findings if f.path == path and f.fix])
        if taken:
            changed[path] = fixed
            done += taken
    if not changed:
        return None
    when = today or datetime.now(UTC)
    name = name_of(_SUBJECT, number)
    diffs = [_diff(path, files[path], changed[path], modes.get(path, "100644")) for path in sorted(changed)]
    mail = write_mail(author, when, _SUBJECT, _REASON.split("\n"), when.date())
    data = mail + b"".join(diffs)
    parse_patch(name, data)
    return Draft(name, data, tuple(done), changed)


def _fixed(data: bytes, path: str, findings: Sequence[Finding]) -> tuple[bytes, list[Finding]]:
    """A file with as many of its changes as fit together, and the findings that these remove."""
    taken: list[Finding] = []
    edits: list[Edit] = []
    for finding in findings:
        assert finding.fix
        if not any(_overlap(mine, other) for mine in finding.fix.edits for other in edits):
            edits += finding.fix.edits
            taken.append(finding)
    fixed = _applied(data, edits)
    if path.endswith(".py") and any(f.fix and f.fix.helper for f in taken):
        lacks = any(f.fix and f.fix.torch for f in taken)
        placed = _with_helper(data, fixed, lacks_torch=lacks)
        if placed is None:
            return _fixed(data, path, [f for f in findings if f.fix and not f.fix.helper])
        fixed = placed
    if _sound(path, data, fixed):
        return fixed, taken
    fewer = [f for f in findings if f.rule not in _OPENS]  # these let an NPU into more code
    return _fixed(data, path, fewer) if len(fewer) < len(findings) else (data, [])


def _overlap(one: Edit, other: Edit) -> bool:
    """Whether two edits change the same bytes, or insert at the same place."""
    return (one.start < other.end and other.start < one.end) or one.start == other.start


def _applied(data: bytes, edits: Sequence[Edit]) -> bytes:
    for edit in sorted(edits, key=lambda e: e.start, reverse=True):
        data = data[: edit.start] + edit.new + data[edit.end :]
    return data


def _with_helper(before: bytes, after: bytes, *, lacks_torch: bool) -> bytes | None:
    """The file with the helper below its imports; None if code above that place needs it."""
    tree = parse(before)
    text = SourceText(before, tree, Scope(None, tree, "", ""))
    if text.has_helper:
        return after
    new = parse(after)
    at = _below_imports(new)
    uses = [n.lineno for n in _at_import(new) if isinstance(n, ast.Name) and n.id == text.helper]
    if any(line <= at for line in uses):
        return None
    ending = b"\r\n" if b"\r\n" in before else b"\n"
    helper = HELPER.format(name=text.helper, torch=text.torch)
    indent = _indent(before)
    helper = re.sub("^(?:    )+", lambda m: indent * (len(m[0]) // 4), helper, flags=re.M)
    if text.quote == "'":
        helper = helper.replace('"cpu"', "'cpu'").replace(
            'f"{found.type}:{index}"', "f'{found.type}:{index}'"
        )
    lines = after.splitlines(keepends=True)
    head, rest = lines[:at], lines[at:]
    if head and not head[-1].endswith((b"\n", b"\r")):
        head[-1] += ending
    while rest and not rest[0].strip():
        rest.pop(0)
    block = ("import torch\n" if lacks_torch else "") + "\n\n" + helper + ("\n\n" if rest else "")
    return b"".join(head) + block.encode().replace(b"\n", ending) + b"".join(rest)


def _below_imports(tree: ast.Module) -> int:
    """The last line of the imports at the file's head, or else of its docstring."""
    last: int | None = None
    for statement in tree.body:
        docstring = isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
        if isinstance(statement, (ast.Import, ast.ImportFrom)) or (docstring and last is None):
            last = statement.end_lineno
        elif isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            break
    return last or 0


def _at_import(tree: ast.Module) -> list[ast.AST]:
    """The nodes that run when the module is imported: all except the bodies of functions."""
    nodes: list[ast.AST] = []
    stack: list[ast.AST] = [tree]
    while stack:
        node = stack.pop()
        nodes.append(node)
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            stack += [*node.decorator_list, node.args]
        elif not isinstance(node, ast.Lambda):
            stack += ast.iter_child_nodes(node)
    return nodes


def _indent(data: bytes) -> str:
    """The file's own indentation of one level."""
    match = re.search(rb"^(?:def|class|if|for|with|try)\b[^\n]*:[ \t]*\r?\n([ \t]+)\S", data, re.M)
    return match[1].decode() if match else "    "


def _sound(path: str, before: bytes, after: bytes) -> bool:
    """Whether the changed file can be parsed, and has no error that the old one did not have."""
    scans = [scan_file(path, data) for data in (before, after)]
    old, new = (Counter((f.rule, f.what) for f in scan if f.level == "error") for scan in scans)
    return not new - old and all(f.rule != "unparsed" for f in scans[1])


def _diff(path: str, old: bytes, new: bytes, mode: str) -> bytes:
    """The change as git would write it."""
    name = path.encode(errors="surrogateescape")
    ids = f"{git.blob_id(old)}..{git.blob_id(new)} {mode}".encode()
    lines = difflib.diff_bytes(
        difflib.unified_diff, split_lines(old), split_lines(new), b"a/" + name, b"b/" + name
    )
    ended = [line if line.endswith(b"\n") else line + b"\n\\ No newline at end of file\n" for line in lines]
    return b"diff --git a/%b b/%b\nindex %b\n" % (name, name, ids) + b"".join(ended)
