"""Read a patch line by line, whatever it holds: nothing is refused, no byte is lost.

Which patches npuport accepts is for `mail` and `diff` to decide; `npuport lint` adds rules of its own.
"""

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from npuport.patch.parts import (
    FileChange,
    Hunk,
    HunkLine,
    MailField,
    Patch,
    PatchLine,
    above_dashes,
    is_field,
)

#: Stands for the path of a file that does not exist.
NO_FILE = "/dev/null"
NO_NEWLINE = "\\ No newline at end of file"
_DIFF = b"diff --git "
_FIELD = re.compile(r"([A-Za-z][A-Za-z0-9-]*):(.*)", re.DOTALL)
_HUNK = re.compile(r"@@ -(\d{1,9})(?:,(\d{1,9}))? \+(\d{1,9})(?:,(\d{1,9}))? @@", re.ASCII)
_INFO_KEY = re.compile(r"index|(?:old|new|new file|deleted file) mode|(?:rename|copy) (?:from|to)|---|\+\+\+")
# git's version at the end of a mail that format-patch wrote.
_SIGNATURE = re.compile(r"\n-- \n[^\n]*\n*\Z")


def read_patch(name: str, data: bytes) -> Patch:
    """Read a patch, whatever it is; `npuport.patch.mail.parse_patch` also checks it."""
    start = 0 if data.startswith(_DIFF) else data.find(b"\n" + _DIFF) + 1 or len(data)
    text = data.decode(errors="surrogateescape")
    lines = [PatchLine(number, line) for number, line in enumerate(text.split("\n"), 1)]
    if not lines[-1].text:
        del lines[-1]
    first = data.count(b"\n", 0, start) if start < len(data) else len(lines)
    end, signature = len(lines), None
    if (match := _SIGNATURE.search(text)) and (at := text.count("\n", 0, match.start()) + 1) > first:
        end, signature = at, lines[at]
    starts = [line.number - 1 for line in lines[first:end] if line.text.startswith("diff --git ")]
    head = lines[:first]
    blank = next((at for at, line in enumerate(head) if not line.text.strip("\r")), len(head))
    header, odd = _read_header(head[1:blank] if data.startswith(b"From ") else head[:blank])
    if blank == len(head):
        odd.append(PatchLine(blank + 1, ""))
    elif head[blank].text:
        odd.append(head[blank])
    message = tuple(head[blank + 1 :])
    return Patch(
        name,
        data,
        tuple(header),
        tuple(odd),
        message,
        tuple(_read_body(message)),
        first + 1 if starts else 0,
        start,
        tuple(_read_change(lines[one:after]) for one, after in pairwise([*starts, end])),
        signature,
    )


def _read_header(lines: Sequence[PatchLine]) -> tuple[list[MailField], list[PatchLine]]:
    fields: list[MailField] = []
    odd: list[PatchLine] = []
    folds = False
    for line in lines:
        if folds and line.text.startswith((" ", "\t")):
            last = fields.pop()
            fields.append(last._replace(value=f"{last.value} {line.text.strip()}"))
        elif match := _FIELD.fullmatch(line.text):
            fields.append(MailField(match[1].lower(), match[2].strip(), line.number))
            folds = True
        else:
            odd.append(line)
            folds = False
    return fields, odd


def _read_body(message: Sequence[PatchLine]) -> Iterator[MailField]:
    for line in above_dashes(message):
        if is_field(line.text):
            name, _, value = line.text.partition(":")
            yield MailField(name.lower(), value.strip(), line.number)


def _read_change(lines: Sequence[PatchLine]) -> FileChange:
    at = next((at for at, line in enumerate(lines) if _HUNK.match(line.text)), len(lines))
    info = tuple(lines[1:at])
    hunks = []
    stray = []
    while at < len(lines):
        if match := _HUNK.match(lines[at].text):
            sizes = int(match[2] or 1), int(match[4] or 1)
            content, after = _read_hunk(lines, at + 1, *sizes)
            hunks.append(Hunk(lines[at], int(match[1]), sizes[0], int(match[3]), sizes[1], content))
            at = after
        else:
            if lines[at].text not in ("", " "):
                stray.append(lines[at])
            at += 1
    values: dict[str, str] = {}
    for line in info:
        if match := _INFO_KEY.match(line.text):
            values[match[0]] = line.text[match.end() + 1 :]
    halves = re.fullmatch(r'diff --git ("?a/.+"?) ("?b/.+"?)', lines[0].text)
    source, target = halves.groups() if halves else ("", "")
    index_mode = re.search(r" (\d{6})$", values.get("index", ""))
    return FileChange(
        lines[0],
        info,
        tuple(hunks),
        tuple(stray),
        None if "new file mode" in values else _path(values, "from", "---", source, "a/"),
        None if "deleted file mode" in values else _path(values, "to", "+++", target, "b/"),
        values.get("old mode") or values.get("deleted file mode") or (index_mode[1] if index_mode else None),
        values.get("new mode") or values.get("new file mode"),
        "rename from" in values or "copy from" in values,
        "copy from" in values,
    )


def _read_hunk(lines: Sequence[PatchLine], at: int, old: int, new: int) -> tuple[tuple[HunkLine, ...], int]:
    """The lines of a hunk with so many lines, from an index on; and the index behind them."""
    content: list[HunkLine] = []
    while at < len(lines):
        number, text = lines[at]
        kind = text[:1] or " "  # some mailers strip the blank of an empty line
        whole = old <= 0 and new <= 0
        if kind == "\\" and (not whole or text == NO_NEWLINE):
            if content:
                content[-1] = content[-1]._replace(ended=False)
        elif kind not in " -+" or whole:
            break
        else:
            content.append(HunkLine(number, kind, text[1:], True))
            old -= kind in " -"
            new -= kind in " +"
        at += 1
    return tuple(content), at


def _path(values: dict[str, str], verb: str, mark: str, half: str, prefix: str) -> str | None:
    """A path: from `rename` or `copy`, or else from `---` or `+++`, or else from half a `diff --git` line."""
    if moved := values.get(f"rename {verb}") or values.get(f"copy {verb}"):
        return unquoted(moved)
    named = values.get(mark, "").partition("\t")[0]
    return unquoted(half if named in ("", NO_FILE) else named).removeprefix(prefix) or None


def unquoted(path: str) -> str:
    """A path as git writes it, `"a/\\303\\244"` or plain."""
    if not (path.startswith('"') and path.endswith('"') and len(path) > 1):
        return path
    octal = re.sub(
        rb"\\([0-7]{3})",
        lambda match: bytes([int(match[1], 8) & 255]),
        path[1:-1].encode(errors="surrogateescape"),
    )
    return re.sub(rb'\\(["\\])', rb"\1", octal).decode(errors="surrogateescape")


def quoted(path: str) -> str:
    """A path as git writes it: in quotes where it is not plain ASCII."""
    raw = path.encode(errors="surrogateescape")
    text = "".join(chr(b) if 32 <= b < 127 and b not in b'"\\' else _escape(b) for b in raw)
    return f'"{text}"' if text != path else path


def _escape(byte: int) -> str:
    return f"\\{chr(byte)}" if byte in b'"\\' else f"\\{byte:03o}"
