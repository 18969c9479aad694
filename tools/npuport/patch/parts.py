"""The parts of a patch: fields and message of the mail, changed files, hunks; each line with its number.

    From 0000000000000000000000000000000000000000 Mon Sep 17 00:00:00 2001
    From: Ada Lovelace <ada@example.org>
    Date: Mon, 2 Nov 2026 10:00:00 +0000
    Subject: Seed the accelerator that is present

    The reason for the change, in prose.

    Origin: vendor
    Forwarded: no

    diff --git a/...

A patch is a mail in the style of `git format-patch`. DEP-3's fields (https://dep-team.pages.debian.net/deps/dep3/)
may stand in its header or in its message; Subject serves as Description, From as Author.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

ENVELOPE = b"From 0000000000000000000000000000000000000000 Mon Sep 17 00:00:00 2001\n"
#: The fields that a message may hold, in lower case; `bug-<vendor>` besides.
FIELDS = {
    *("description", "subject", "author", "from", "origin", "forwarded", "bug", "applied-upstream", "reason"),
    *("reviewed-by", "acked-by", "last-update", "upstream-status", "signed-off-by"),
}


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
        return len(self.shape) - len(self.shape.lstrip(" "))

    @property
    def trailing(self) -> int:
        return len(self.shape) - len(self.shape.rstrip(" "))

    @cached_property
    def shape(self) -> str:
        """The kinds of its lines, a character each."""
        return "".join(line.kind for line in self.lines)

    def of(self, kinds: str) -> list[HunkLine]:
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
        return next((line for line in self.info if line.text.startswith("index ")), None)

    def of(self, kinds: str) -> list[HunkLine]:
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
        return "\n".join(line.text for line in self.prose)

    @property
    def sha256(self) -> str:
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
