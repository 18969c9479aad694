"""What is wrong between the patches of a series: their names, their order, changes of the same lines."""

from collections.abc import Iterator, Sequence

from npuport.base.sarif import Finding
from npuport.lint.rules import finding
from npuport.lint.scan import File, Hunk, Scan
from npuport.port.lockrules import wrong_patch_name

_SERIES = "patches/series"


def check_names(lines: Sequence[tuple[int, str]], there: Sequence[str]) -> Iterator[Finding]:
    """Findings in `series`: its lines that name something, with their numbers; the patches on disk."""
    seen: dict[str, str] = {}
    last = 0
    for number, name in lines:
        if problem := wrong_patch_name(name):
            yield finding("series-name", _SERIES, number, f"{name[:80]!r} {problem}")
            continue
        if name in seen.values():
            yield finding("series-twice", _SERIES, number, f"{name} is there twice")
            continue
        if name not in there:
            yield finding("series-missing", _SERIES, number, f"{name}: no such file")
        if name[:4] in seen:
            yield finding("number-twice", _SERIES, number, f"{name} has the number of {seen[name[:4]]}")
        elif int(name[:4]) < last:
            yield finding("number-order", _SERIES, number, f"{name} stands behind number {last:04}")
        elif int(name[:4]) > last + 1:
            yield finding("number-gap", _SERIES, number, f"no patch has the number {last + 1:04}")
        seen.setdefault(name[:4], name)
        last = max(last, int(name[:4]))
    named = {name for _, name in lines}
    for name in sorted(set(there) - named):
        yield finding("series-stray", f"patches/{name}", 0, f"{name} is not in the series")


def check_between(scans: Sequence[Scan]) -> Iterator[Finding]:
    """Findings that take two patches, at the later one."""
    files: dict[bytes, str] = {}
    changes: dict[tuple[str, tuple[tuple[str, str], ...]], str] = {}
    changed: dict[str, list[_Span]] = {}
    for scan in scans:
        if scan.data in files:
            yield finding("patch-twice", scan.path, 0, f"the same as {files[scan.data]}")
            continue
        files[scan.data] = scan.name
        for file in scan.files:
            key = (file.path, tuple((change.kind, change.text) for change in file.of("-+")))
            if key[1] and key in changes:
                message = f"the same change of {file.path} as in {changes[key]}"
                yield finding("change-twice", scan.path, file.number, message)
            else:
                yield from _overlaps(scan, file, changed.setdefault(file.old or file.path, []))
            changes.setdefault(key, scan.name)
            if file.old and file.old != file.path and file.old in changed:
                changed[file.path] = changed.pop(file.old)


class _Span:
    """Lines of a file, from `start` up to but without `end`, that a patch brought."""

    def __init__(self, start: int, end: int, patch: str) -> None:
        self.start, self.end, self.patch = start, end, patch


def _overlaps(scan: Scan, file: File, spans: list[_Span]) -> Iterator[Finding]:
    """Findings in a file; afterwards the spans are where this patch leaves them, with its own."""
    moved = 0
    told: set[str] = set()
    for hunk in file.hunks:
        for at, removed, added, number in _edits(hunk):
            at += moved
            for span in list(spans):
                meets = span.start < at + removed and at < span.end
                if meets and span.patch not in (scan.name, *told):
                    told.add(span.patch)
                    message = f"{file.path}: it changes lines that {span.patch} brought"
                    yield finding("overlap", scan.path, number, message)
                if span.start >= at + removed:
                    span.start += added - removed
                    span.end += added - removed
                elif meets and span.patch != scan.name:
                    span.end = max(span.start, span.end + added - removed)
            if added:
                spans.append(_Span(at, at + added, scan.name))
            moved += added - removed


def _edits(hunk: Hunk) -> Iterator[tuple[int, int, int, int]]:
    """Each run of changed lines: where it starts in the old file, how many lines go, come, and its number."""
    line = hunk.old_start + (not hunk.of(" -"))
    at = removed = added = number = 0
    for change in hunk.changes:
        if change.kind == " ":
            if removed or added:
                yield at, removed, added, number
            removed = added = 0
            line += 1
            continue
        if not removed and not added:
            at, number = line, change.number
        removed += change.kind == "-"
        added += change.kind == "+"
        line += change.kind == "-"
    if removed or added:
        yield at, removed, added, number
