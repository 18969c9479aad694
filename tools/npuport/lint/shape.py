"""Check the shape of a patch's diff: its form, its size, what else it touches."""

import re
from collections.abc import Iterator

from npuport.base.sarif import SarifResult
from npuport.lint.rules import finding
from npuport.patch.mail import form_faults
from npuport.patch.parts import FileChange, Patch

CONTEXT, CHANGED, QUOTED, FILES = 3, 400, 60, 10


def check_shape(patch: Patch, license_path: str) -> Iterator[SarifResult]:
    """All findings in the form of a patch.

    Args:
        license_path: of upstream's licence in its tree.
    """
    for fault in form_faults(patch):
        yield finding("malformed", patch.name, fault.line, f"{fault.problem} — hint: {fault.hint}")
    changed = sum(len(change.of("-+")) for change in patch.changes)
    if changed > CHANGED:
        yield finding("patch-large", patch.name, patch.diff, f"{changed} changed lines; split it")
    removed = sum(len(change.of("-")) for change in patch.changes)
    if removed > QUOTED:
        yield finding("quotes-much", patch.name, patch.diff, f"it removes {removed} of upstream's lines")
    if len(patch.changes) > FILES:
        yield finding("many-files", patch.name, patch.diff, f"{len(patch.changes)} files: is it one idea?")
    for change in patch.changes:
        yield from _check_change(patch, change)
        if license_path in (change.new, change.old):
            message = f"{license_path} is upstream's licence"
            yield finding("license-changed", patch.name, change.header.number, message)


def _check_change(patch: Patch, change: FileChange) -> Iterator[SarifResult]:
    whole = change.index and re.match(r"index [0-9a-f]{40,64}\.\.[0-9a-f]{40,64}(?: |$)", change.index.text)
    if change.hunks and not whole:
        line = change.index or change.header
        message = f"{change.path}: no `index` line with whole ids"
        yield finding("index-abbreviated", patch.name, line.number, message)
    for line in change.info:
        if line.text.startswith("new mode "):
            yield finding("mode-change", patch.name, line.number, f"{change.path} gets mode {line.text[9:]}")
    if change.hunks and change.old and _only_whitespace(change):
        message = f"{change.path}: nothing but whitespace"
        yield finding("whitespace-only", patch.name, change.header.number, message)
    for hunk in change.hunks:
        inner = max(map(len, re.findall(" +", hunk.shape.strip(" "))), default=0)
        if max(hunk.leading, hunk.trailing) > CONTEXT or inner > 2 * CONTEXT:
            message = f"{max(hunk.leading, hunk.trailing, inner)} lines of context in a row"
            yield finding("context-large", patch.name, hunk.header.number, message)


def _only_whitespace(change: FileChange) -> bool:
    """Whether both sides differ in blanks and line ends alone; an indent counts where it has a meaning."""
    old, new = ([line.text for line in change.of(kinds) if line.text.strip()] for kinds in (" -", " +"))
    if re.search(r"(?:\.pyi?|\.ya?ml|(?:^|/)Makefile)$", change.path):
        return [_squeezed(text) for text in old] == [_squeezed(text) for text in new]
    return "".join("".join(text.split()) for text in old) == "".join("".join(text.split()) for text in new)


def _squeezed(text: str) -> str:
    return text[: len(text) - len(text.lstrip())] + "".join(text.split())
