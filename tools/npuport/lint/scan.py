"""A patch read without refusing anything: lines with their numbers, however malformed the rest is."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from npuport.patch.mail import is_field

_HUNK = re.compile(r"@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@")
_FIELD = re.compile(r"([A-Za-z][A-Za-z0-9-]*):(.*)", re.DOTALL)


@dataclass(frozen=True)
class Line:
    """A line without its end, and its number in the patch, counted from 1."""

    number: int
    text: str


@dataclass(frozen=True)
class Field:
    """A field of the mail's header or of the message."""

    name: str
    value: str
    number: int


@dataclass(frozen=True)
class Change:
    """A line of a hunk.

    Args:
        kind: ` `, `-` or `+`.
        text: without the kind and the newline; a carriage return stays.
        ended: whether it ends in a newline.
    """

    kind: str
    text: str
    number: int
    ended: bool


@dataclass(frozen=True)
class Hunk:
    """A hunk: the number of its `@@` line, where it starts in the old file, and its lines."""

    number: int
    old_start: int
    changes: tuple[Change, ...]

    def of(self, kinds: str) -> list[Change]:
        """Its lines of some kinds."""
        return [change for change in self.changes if change.kind in kinds]


@dataclass(frozen=True)
class File:
    """What a patch does to one file.

    Args:
        path: the path it is written to, or was read from.
        old: the path it is read from; empty where it is new.
        number: of its `diff --git` line.
        info: the lines between that and the first hunk.
        text: all of it, as it stands in the patch.
    """

    path: str
    old: str
    number: int
    info: tuple[Line, ...]
    hunks: tuple[Hunk, ...]
    text: str

    @property
    def new(self) -> bool:
        """Whether the patch makes the file."""
        return not self.old

    def of(self, kinds: str) -> list[Change]:
        """Its lines of some kinds."""
        return [change for hunk in self.hunks for change in hunk.of(kinds)]


@dataclass(frozen=True)
class Scan:
    """A patch.

    Args:
        data: the file's bytes.
        header: the fields of the mail's header.
        body: the fields that the message holds.
        message: all lines between the header and the diff.
        diff: the number of the diff's first line; 0 where there is none.
        signature: the line below which git puts its version; None where there is none.
    """

    name: str
    data: bytes
    header: tuple[Field, ...]
    body: tuple[Field, ...]
    message: tuple[Line, ...]
    diff: int
    files: tuple[File, ...]
    signature: Line | None

    @property
    def path(self) -> str:
        """Its path in the port."""
        return f"patches/{self.name}"

    def field(self, name: str) -> Field | None:
        """A field of the header, else of the message."""
        return next((field for field in (*self.header, *self.body) if field.name == name), None)

    @property
    def fields(self) -> dict[str, str]:
        """The values by name, the first one of each."""
        return {field.name: field.value for field in reversed((*self.header, *self.body))}

    @property
    def prose(self) -> list[Line]:
        """The message without its fields and without what stands below `---`."""
        taken = {field.number for field in self.body}
        lines = []
        for line in self.message:
            if line.text.strip() == "---":
                break
            if line.text.strip() and line.number not in taken:
                lines.append(line)
        return lines


def scan(name: str, data: bytes) -> Scan:
    """Read a patch, whatever it is."""
    text = data.decode(errors="surrogateescape")
    lines = [Line(number, line) for number, line in enumerate(text.split("\n"), 1)]
    starts = [line.number for line in lines if line.text.startswith("diff --git ")]
    head = lines[: starts[0] - 1] if starts else lines
    blank = next((index for index, line in enumerate(head) if not line.text.strip()), len(head))
    signature = None
    if starts and (found := re.search(r"\n-- \n[^\n]*\n*\Z", text)):
        signature = lines[text.count("\n", 0, found.start()) + 1]
    message = tuple(head[blank + 1 :])
    ends = [*starts[1:], signature.number if signature else len(lines) + 1]
    files = tuple(_file(lines[start - 1 : end - 1]) for start, end in zip(starts, ends, strict=False))
    return Scan(
        name,
        data,
        tuple(_header(head[:blank])),
        tuple(_body(message)),
        message,
        starts[0] if starts else 0,
        files,
        signature,
    )


def _header(lines: Sequence[Line]) -> Iterator[Field]:
    pending: Field | None = None
    for line in lines:
        if pending and line.text.startswith((" ", "\t")):
            pending = Field(pending.name, f"{pending.value} {line.text.strip()}", pending.number)
            continue
        if pending:
            yield pending
        found = _FIELD.fullmatch(line.text)
        pending = Field(found[1].lower(), found[2].strip(), line.number) if found else None
    if pending:
        yield pending


def _body(lines: Sequence[Line]) -> Iterator[Field]:
    for line in lines:
        if line.text.strip() == "---":
            return
        if is_field(line.text):
            name, _, value = line.text.partition(":")
            yield Field(name.lower(), value.strip(), line.number)


def _file(lines: Sequence[Line]) -> File:
    info = []
    hunks = []
    at = 1
    while at < len(lines) and not _HUNK.match(lines[at].text):
        info.append(lines[at])
        at += 1
    while at < len(lines):
        found = _HUNK.match(lines[at].text)
        if not found:
            at += 1
            continue
        number, at = lines[at].number, at + 1
        changes, at = _changes(lines, at, int(found[2] or 1), int(found[4] or 1))
        hunks.append(Hunk(number, int(found[1]), changes))
    paths = _paths(lines[0].text, info)
    text = "\n".join(line.text for line in lines)
    return File(paths[1] or paths[0], paths[0], lines[0].number, tuple(info), tuple(hunks), text)


def _changes(lines: Sequence[Line], at: int, old: int, new: int) -> tuple[tuple[Change, ...], int]:
    """The lines of a hunk that says how many it has, from an index on; and the index behind them."""
    changes: list[Change] = []
    while at < len(lines):
        line = lines[at]
        kind = line.text[:1] or " "
        if kind == "\\" and changes:
            last = changes[-1]
            changes[-1] = Change(last.kind, last.text, last.number, ended=False)
        elif kind not in " -+" or (old <= 0 and new <= 0):
            break
        else:
            changes.append(Change(kind, line.text[1:], line.number, ended=True))
            old -= kind in " -"
            new -= kind in " +"
        at += 1
    return tuple(changes), at


def _paths(first: str, info: Sequence[Line]) -> tuple[str, str]:
    """The paths before and after; empty for one that is not there."""
    said = {line.text[:4]: line.text[4:].rstrip("\t") for line in info if line.text[:4] in ("--- ", "+++ ")}
    moved = {
        line.text.split(" ")[1]: line.text.split(" ", 2)[2]
        for line in info
        if re.match(r"(?:rename|copy) (?:from|to) .", line.text)
    }
    both = re.fullmatch(r"diff --git a/(.+) b/(.+)", first)
    made = any(line.text.startswith("new file mode") for line in info)
    gone = any(line.text.startswith("deleted file mode") for line in info)
    old = moved.get("from") or _bare(said.get("--- "), "a/") or (both[1] if both and not made else "")
    new = moved.get("to") or _bare(said.get("+++ "), "b/") or (both[2] if both and not gone else "")
    return old if not made else "", new if not gone else ""


def _bare(path: str | None, prefix: str) -> str:
    return "" if path is None or path == "/dev/null" else path.strip('"').removeprefix(prefix)
