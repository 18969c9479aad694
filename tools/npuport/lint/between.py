"""Check the patches of a series against each other: names, order, changes of the same lines."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from npuport.base.sarif import SarifResult
from npuport.lint.rules import finding
from npuport.patch.parts import FileChange, Hunk, Patch
from npuport.port.lockrules import wrong_patch_name
from npuport.port.series import SERIES


def check_names(lines: Sequence[tuple[int, str]], files: Sequence[str]) -> Iterator[SarifResult]:
    """All findings in `series`.

    Args:
        lines: the names in it, with their lines' numbers.
        files: the names of the patches on disk.
    """
    seen: dict[str, str] = {}
    last = 0
    for number, name in lines:
        if problem := wrong_patch_name(name):
            yield finding("series-name", SERIES, number, f"{name[:80]!r} {problem}")
            continue
        if name in seen.values():
            yield finding("series-twice", SERIES, number, f"{name} is named twice")
            continue
        if name not in files:
            yield finding("series-missing", SERIES, number, f"{name}: no such file")
        if name[:4] in seen:
            yield finding("number-twice", SERIES, number, f"{name} has the number of {seen[name[:4]]}")
        elif int(name[:4]) < last:
            yield finding("number-order", SERIES, number, f"{name} follows number {last:04}")
        elif int(name[:4]) > last + 1:
            yield finding("number-gap", SERIES, number, f"no patch has the number {last + 1:04}")
        seen.setdefault(name[:4], name)
        last = max(last, int(name[:4]))
    named = {name for _, name in lines}
    for name in sorted(set(files) - named):
        yield finding("series-stray", name, 0, f"{name} is not in the series")


def check_between(patches: Iterable[Patch]) -> Iterator[SarifResult]:
    """All findings about two patches, at the later one."""
    files: dict[bytes, str] = {}
    edits: dict[tuple[str, tuple[tuple[str, str], ...]], str] = {}
    changed: dict[str, list[_Span]] = {}
    for patch in patches:
        if patch.data in files:
            yield finding("patch-twice", patch.name, 0, f"the same as {files[patch.data]}")
            continue
        files[patch.data] = patch.name
        for change in patch.changes:
            key = (change.path, tuple((line.kind, line.text) for line in change.of("-+")))
            if key[1] and key in edits:
                message = f"the same change of {change.path} as in {edits[key]}"
                yield finding("change-twice", patch.name, change.header.number, message)
            else:
                yield from _overlaps(patch, change, changed.setdefault(change.old or change.path, []))
            edits.setdefault(key, patch.name)
            if change.old and change.old != change.path and change.old in changed:
                changed[change.path] = changed.pop(change.old)


@dataclass
class _Span:
    """Lines of a file, from `start` up to but without `end`, that a patch added."""

    start: int
    end: int
    patch: str


def _overlaps(patch: Patch, change: FileChange, spans: list[_Span]) -> Iterator[SarifResult]:
    """Findings in a file; afterwards the spans are where this patch leaves them, with its own."""
    moved = 0
    reported = {patch.name}
    for hunk in change.hunks:
        for at, removed, added, number in _edits(hunk):
            at += moved
            for span in list(spans):
                meets = span.start < at + removed and at < span.end
                if meets and span.patch not in reported:
                    reported.add(span.patch)
                    message = f"{change.path}: it changes lines that {span.patch} added"
                    yield finding("overlap", patch.name, number, message)
                if span.start >= at + removed:
                    span.start += added - removed
                    span.end += added - removed
                elif meets and span.patch != patch.name:
                    span.end = max(span.start, span.end + added - removed)
            if added:
                spans.append(_Span(at, at + added, patch.name))
            moved += added - removed


def _edits(hunk: Hunk) -> Iterator[tuple[int, int, int, int]]:
    """Runs of changed lines: start in the old file, how many lines are removed and added, number."""
    line = hunk.old_start + (not hunk.of(" -"))
    at = removed = added = number = 0
    for edit in hunk.lines:
        if edit.kind == " ":
            if removed or added:
                yield at, removed, added, number
            removed = added = 0
            line += 1
            continue
        if not removed and not added:
            at, number = line, edit.number
        removed += edit.kind == "-"
        added += edit.kind == "+"
        line += edit.kind == "-"
    if removed or added:
        yield at, removed, added, number
