"""`--fix`: one patch of the mechanical changes, for a person to review. It applies exactly, and says why."""

import ast
import difflib
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from email.utils import format_datetime

from npuport import git
from npuport.audit.finding import Edit, Finding
from npuport.audit.scan import scan_file
from npuport.audit.text import HELPER, Text
from npuport.patch.mail import ENVELOPE, parse_patch
from npuport.patch.new import name_of
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
        findings: those that it takes away.
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
    """The patch for those findings that have a mechanical change; None where none has.

    Args:
        files: the tree that the findings are of.
        number: of the patch in its series.
        author: name and address.
        modes: of the files, as git writes them; `100644` where it is missing.
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
    data = _mail(author, when, when.date()) + b"".join(diffs)
    parse_patch(name, data)
    return Draft(name, data, tuple(done), changed)


def _mail(author: tuple[str, str], when: datetime, today: date) -> bytes:
    head = f"From: {author[0]} <{author[1]}>\nDate: {format_datetime(when)}\nSubject: {_SUBJECT}\n"
    fields = f"Origin: vendor\nForwarded: no\nLast-Update: {today.isoformat()}\n"
    return ENVELOPE + f"{head}\n{_REASON}\n{fields}\n".encode()


def _fixed(data: bytes, path: str, findings: Sequence[Finding]) -> tuple[bytes, list[Finding]]:
    """A file with as many of its changes as go together, and the findings that they take away."""
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
    fewer = [f for f in findings if f.rule not in _OPENS]  # they let the NPU in where it was kept out
    return _fixed(data, path, fewer) if len(fewer) < len(findings) else (data, [])


def _overlap(one: Edit, other: Edit) -> bool:
    """Whether two edits touch the same bytes; insertions at one place do not go together either."""
    return (one.start < other.end and other.start < one.end) or one.start == other.start


def _applied(data: bytes, edits: Sequence[Edit]) -> bytes:
    for edit in sorted(edits, key=lambda e: e.start, reverse=True):
        data = data[: edit.start] + edit.new + data[edit.end :]
    return data


def _with_helper(before: bytes, after: bytes, *, lacks_torch: bool) -> bytes | None:
    """The file with the helper below its imports; None where something needs it earlier than it can stand."""
    tree = parse(before)
    text = Text(before, tree, Scope(None, tree, "", ""))
    if text.has_helper:
        return after
    new = parse(after)
    at = _below_imports(new)
    uses = [n.lineno for n in _at_import(new) if isinstance(n, ast.Name) and n.id == text.helper]
    if at is None or any(line <= at for line in uses):
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


def _below_imports(tree: ast.Module) -> int | None:
    """The last line of the imports at the file's head; of its docstring where it has none."""
    last = None
    for statement in tree.body:
        docstring = isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
        if isinstance(statement, (ast.Import, ast.ImportFrom)) or (docstring and last is None):
            last = statement.end_lineno
        elif isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            break
    return last if last is not None else 0


def _at_import(tree: ast.Module) -> "list[ast.AST]":
    """The nodes that run when the module is imported: everything but the bodies of functions."""
    found: list[ast.AST] = []
    stack: list[ast.AST] = [tree]
    while stack:
        node = stack.pop()
        found.append(node)
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            stack += [*node.decorator_list, node.args]
        elif not isinstance(node, ast.Lambda):
            stack += ast.iter_child_nodes(node)
    return found


def _indent(data: bytes) -> str:
    """The file's own indentation, of one level."""
    match = re.search(rb"^(?:def|class|if|for|with|try)\b[^\n]*:[ \t]*\r?\n([ \t]+)\S", data, re.M)
    return match[1].decode() if match else "    "


def _sound(path: str, before: bytes, after: bytes) -> bool:
    """Whether the changed file can be read, and holds no error that the old one had not."""
    old, new = (
        Counter((f.rule, f.what) for f in scan_file(path, d) if f.level == "error") for d in (before, after)
    )
    unread = any(f.rule == "unparsed" for f in scan_file(path, after))
    return not unread and not new - old


def _diff(path: str, old: bytes, new: bytes, mode: str) -> bytes:
    """The change as git would write it."""
    ids = f"{git.blob_id(old)}..{git.blob_id(new)}"
    lines = [f"diff --git a/{path} b/{path}\n", f"index {ids} {mode}\n"]
    sides = [side.decode("utf-8", errors="surrogateescape").split("\n") for side in (old, new)]
    ended = [[line + "\n" for line in side[:-1]] + ([side[-1]] if side[-1] else []) for side in sides]
    lines += [
        line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"
        for line in difflib.unified_diff(ended[0], ended[1], f"a/{path}", f"b/{path}")
    ]
    return "".join(lines).encode("utf-8", errors="surrogateescape")


def remaining(draft: Draft) -> list[Finding]:
    """The findings of the changed files once the patch is applied."""
    return [finding for path, data in draft.files.items() for finding in scan_file(path, data)]
