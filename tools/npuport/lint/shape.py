"""What is wrong with the shape of a patch's diff: its form, its size, what else it touches."""

import re
from collections.abc import Iterator

from npuport.base.errors import PortError
from npuport.base.sarif import Finding
from npuport.lint.rules import finding
from npuport.lint.scan import File, Scan
from npuport.patch.mail import field_faults, parse_patch

CONTEXT, CHANGED, QUOTED, FILES = 3, 400, 60, 10

_COMPLETE = (
    b"From: A <a@b>\nDate: Mon, 2 Nov 2026 10:00:00 +0000\nSubject: S\nForwarded: no\nReason: because\n"
)
_REPLACED = re.compile(
    rb"^(?:From:|Date:|Subject:|Forwarded:|Reason:|Content-)[^\n]*\n(?:[ \t][^\n]*\n)*", re.M | re.I
)


def check_shape(scan: Scan, license_path: str) -> Iterator[Finding]:
    """All findings in the form of a patch.

    Args:
        license_path: of upstream's licence in its tree.
    """
    yield from _malformed(scan)
    if sum(len(file.of("-+")) for file in scan.files) > CHANGED:
        count = sum(len(file.of("-+")) for file in scan.files)
        yield finding("patch-large", scan.path, scan.diff, f"{count} changed lines; split it")
    removed = sum(len(file.of("-")) for file in scan.files)
    if removed > QUOTED:
        yield finding("quotes-much", scan.path, scan.diff, f"it removes {removed} of upstream's lines")
    if len(scan.files) > FILES:
        yield finding("many-files", scan.path, scan.diff, f"{len(scan.files)} files: is it one idea?")
    for file in scan.files:
        yield from _check_file(scan, file)
        if license_path in (file.path, file.old):
            yield finding("license-changed", scan.path, file.number, f"{license_path} is upstream's licence")


def _check_file(scan: Scan, file: File) -> Iterator[Finding]:
    index = next((line for line in file.info if line.text.startswith("index ")), None)
    whole = index and re.match(r"index [0-9a-f]{40,64}\.\.[0-9a-f]{40,64}(?: |$)", index.text)
    if file.hunks and not whole:
        number = index.number if index else file.number
        yield finding("index-abbreviated", scan.path, number, f"{file.path}: no `index` line with whole ids")
    for line in file.info:
        if line.text.startswith("new mode "):
            yield finding("mode-change", scan.path, line.number, f"{file.path} gets mode {line.text[9:]}")
    if file.hunks and not file.new and _only_whitespace(file):
        yield finding("whitespace-only", scan.path, file.number, f"{file.path}: nothing but whitespace")
    for hunk in file.hunks:
        shape = "".join(change.kind for change in hunk.changes)
        runs = [len(shape) - len(shape.lstrip(" ")), len(shape) - len(shape.rstrip(" "))]
        inner = max(map(len, re.findall(" +", shape.strip(" "))), default=0)
        if max(runs) > CONTEXT or inner > 2 * CONTEXT:
            message = f"{max(*runs, inner)} lines of context in a row"
            yield finding("context-large", scan.path, hunk.number, message)


def _only_whitespace(file: File) -> bool:
    """Whether both sides differ in blanks and line ends alone; an indent counts where it has a meaning."""
    indents = re.search(r"(?:\.pyi?|\.ya?ml|(?:^|/)Makefile)$", file.path)
    old, new = ([change.text for change in file.of(kinds) if change.text.strip()] for kinds in (" -", " +"))
    if indents:
        return [_squeezed(text) for text in old] == [_squeezed(text) for text in new]
    return "".join("".join(text.split()) for text in old) == "".join("".join(text.split()) for text in new)


def _squeezed(text: str) -> str:
    return text[: len(text) - len(text.lstrip())] + "".join(text.split())


def _malformed(scan: Scan) -> Iterator[Finding]:
    """What npuport's own reader refuses, each file of the diff read by itself so that all of it is told."""
    problem = _refused(scan.name, scan.data)
    if problem is None:
        return
    fields = any(field_faults(scan.fields, "".join(line.text for line in scan.prose)))
    if fields and _refused(scan.name, completed(scan.data)) is None:
        return  # `check_mail` tells all that is wrong with the fields
    told = [(0, problem)]
    for file in scan.files:
        error = _unreadable(scan.name, file)
        if error and error.message != problem.message:
            told.append((file.number, error))
    for number, refused in told:
        said = re.match(r"[^:]*(?:, |: malformed diff: )line (\d+):", refused.message)
        text = refused.message.removeprefix(scan.name).lstrip(":, ")
        message = f"{text} — hint: {refused.hint}"
        yield finding("malformed", scan.path, int(said[1]) if said else number, message)


def _unreadable(name: str, file: File) -> PortError | None:
    """What is wrong with one file of a diff."""
    from npuport.patch.diff import parse_diff

    try:
        parse_diff(name, file.text, file.number)
    except PortError as error:
        return error
    except UnicodeError:  # told already
        return None
    return None


def _refused(name: str, data: bytes) -> PortError | None:
    try:
        parse_patch(name, data)
    except PortError as error:
        return error
    return None


def completed(data: bytes) -> bytes:
    """A patch with good fields in its header, so that only what is wrong besides them is refused."""
    header, blank, rest = data.partition(b"\n\n")
    envelope = re.match(rb"From [^:\n]*(?::[^\n]*)?\n", header) if header.startswith(b"From ") else None
    start = envelope.end() if envelope else 0
    kept = _REPLACED.sub(b"", header[start:] + b"\n")
    return header[:start] + _COMPLETE + kept.removesuffix(b"\n") + blank + rest
