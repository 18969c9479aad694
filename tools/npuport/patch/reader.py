"""Read a patch line by line, whatever it holds: nothing is refused, no byte is lost.

    From 0000000000000000000000000000000000000000 Mon Sep 17 00:00:00 2001
    From: Ada Lovelace <ada@example.org>
    Date: Mon, 2 Nov 2026 10:00:00 +0000
    Subject: Seed the accelerator that is present

    The reason for the change, in prose.

    Origin: vendor
    Forwarded: no

    diff --git a/...

A mail in the style of `git format-patch` with DEP-3's fields (https://dep-team.pages.debian.net/deps/dep3/),
in the header or in the message; Subject serves as Description, From as Author. Which patches npuport accepts
is for `mail` and `diff` to decide; `npuport lint` adds rules of its own.
"""

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import NamedTuple

ENVELOPE = b"From 0000000000000000000000000000000000000000 Mon Sep 17 00:00:00 2001\n"
#: The fields that a message may hold, in lower case; `bug-<vendor>` besides.
FIELDS = {
    *("description", "subject", "author", "from", "origin", "forwarded", "bug", "applied-upstream", "reason"),
    *("reviewed-by", "acked-by", "last-update", "upstream-status", "signed-off-by"),
}
#: Stands for the path of a file that does not exist.
NO_FILE = "/dev/null"
NO_NEWLINE = "\\ No newline at end of file"
_DIFF = b"diff --git "
_FIELD = re.compile(r"([A-Za-z][A-Za-z0-9-]*):(.*)", re.DOTALL)
_HUNK = re.compile(r"@@ -(\d{1,9})(?:,(\d{1,9}))? \+(\d{1,9})(?:,(\d{1,9}))? @@", re.ASCII)
_INFO_KEY = re.compile(r"index|(?:old|new|new file|deleted file) mode|(?:rename|copy) (?:from|to)|---|\+\+\+")
# git's version at the end of a mail that format-patch wrote.
_SIGNATURE = re.compile(r"\n-- \n[^\n]*\n*\Z")


class PatchLine(NamedTuple):
    """A line of a patch without its newline, and its number, counted from 1."""

    number: int
    text: str


class MailField(NamedTuple):
    """A field of the mail's header or message: its name in lower case, its value, its line's number."""

    name: str
    value: str
    number: int


class HunkLine(NamedTuple):
    """A line of a hunk.

    Args:
        number: of the line in the patch.
        kind: ` `, `-` or `+`.
        text: without the kind and the newline; a carriage return stays.
        ended: whether the file has a newline after it.
    """

    number: int
    kind: str
    text: str
    ended: bool

    @property
    def data(self) -> bytes:
        """The line as it is in the file."""
        return self.text.encode(errors="surrogateescape") + b"\n" * self.ended


@dataclass(frozen=True)
class Hunk:
    """A hunk: its `@@` line, the numbers in it (lines are counted from 1), and its lines."""

    header: PatchLine
    old_start: int
    old_size: int
    new_start: int
    new_size: int
    lines: tuple[HunkLine, ...]

    @cached_property
    def old(self) -> tuple[bytes, ...]:
        """The lines of the file before, context included, with their ends."""
        return tuple(line.data for line in self.of(" -"))

    @cached_property
    def new(self) -> tuple[bytes, ...]:
        """The lines of the file afterwards."""
        return tuple(line.data for line in self.of(" +"))

    @property
    def start(self) -> int:
        """The index, from 0, of the first line of the file before that it replaces."""
        return self.old_start - 1 if self.old else self.old_start

    @property
    def leading(self) -> int:
        """How many lines of context the hunk starts with."""
        return len(self.shape) - len(self.shape.lstrip(" "))

    @property
    def trailing(self) -> int:
        """How many lines of context the hunk ends with."""
        return len(self.shape) - len(self.shape.rstrip(" "))

    @cached_property
    def shape(self) -> str:
        """The kinds of its lines, a character each."""
        return "".join(line.kind for line in self.lines)

    def of(self, kinds: str) -> list[HunkLine]:
        """The lines of some kinds."""
        return [line for line in self.lines if line.kind in kinds]


@dataclass(frozen=True)
class FileChange:
    """What a patch does to one file.

    Args:
        header: the `diff --git` line.
        info: the lines between that and the first hunk.
        hunks: in the order of the patch.
        stray: the lines below the first hunk that belong to no hunk; empty lines do not count.
        old: the path it is read from; None where it is new.
        new: the path it is written to; None where it is deleted.
        old_mode: the mode that the patch says it has; None where it does not say.
        new_mode: the mode it gets; None where it keeps the old one.
        renamed: whether the patch says that the file is renamed or copied.
        copy: whether `old` stays beside `new`.
    """

    header: PatchLine
    info: tuple[PatchLine, ...]
    hunks: tuple[Hunk, ...]
    stray: tuple[PatchLine, ...]
    old: str | None
    new: str | None
    old_mode: str | None
    new_mode: str | None
    renamed: bool
    copy: bool

    @property
    def path(self) -> str:
        """The path that errors name."""
        return self.new or self.old or ""

    @property
    def index(self) -> PatchLine | None:
        """The `index` line."""
        return next((line for line in self.info if line.text.startswith("index ")), None)

    def of(self, kinds: str) -> list[HunkLine]:
        """The hunks' lines of some kinds."""
        return [line for hunk in self.hunks for line in hunk.of(kinds)]


@dataclass(frozen=True)
class Patch:
    """A patch as it was read.

    Args:
        name: its file's name.
        data: the file's bytes.
        header: the fields of the mail's header.
        odd: the lines of the header that are no field; an empty line where none ends the header.
        message: the lines between the header and the diff.
        body: the fields that the message holds.
        diff: the number of the diff's first line; 0 where there is no diff.
        diff_start: where in `data` the diff starts.
        changes: the diff, a file each, in order.
        signature: the line `-- ` below which git puts its version.
    """

    name: str
    data: bytes
    header: tuple[MailField, ...]
    odd: tuple[PatchLine, ...]
    message: tuple[PatchLine, ...]
    body: tuple[MailField, ...]
    diff: int
    diff_start: int
    changes: tuple[FileChange, ...]
    signature: PatchLine | None

    @cached_property
    def fields(self) -> dict[str, str]:
        """The fields' values by name; the first one of each, the header's before the message's."""
        return {field.name: field.value for field in reversed((*self.header, *self.body))}

    @cached_property
    def prose(self) -> tuple[PatchLine, ...]:
        """The message without fields, empty lines, and what stands below `---`."""
        return tuple(
            line for line in above_dashes(self.message) if line.text.strip() and not is_field(line.text)
        )

    @property
    def reason(self) -> str:
        """The message's prose in one text."""
        return "\n".join(line.text for line in self.prose)

    @property
    def sha256(self) -> str:
        """The sha256 of the file."""
        return hashlib.sha256(self.data).hexdigest()

    @property
    def mail(self) -> bytes:
        """The bytes for `git am`, with an envelope and a newline at the end."""
        data = self.data if self.data.startswith(b"From ") else ENVELOPE + self.data
        return data if data.endswith(b"\n") else data + b"\n"

    def field(self, name: str) -> MailField | None:
        """A field of the header, or else of the message."""
        return next((field for field in (*self.header, *self.body) if field.name == name), None)


def is_field(line: str) -> bool:
    """Whether a line of a message is a DEP-3 field, `Forwarded: no`."""
    key, colon, _ = line.partition(":")
    return bool(colon) and (key.lower() in FIELDS or key.lower().startswith("bug-"))


def above_dashes(message: Sequence[PatchLine]) -> Iterator[PatchLine]:
    """The lines of a message above `---`, below which git ignores everything."""
    for line in message:
        if line.text.strip() == "---":
            return
        yield line


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
