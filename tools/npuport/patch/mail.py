"""One patch of a series: a mail in the style of `git format-patch` with a DEP-3 header, and its diff.

    From 0000000000000000000000000000000000000000 Mon Sep 17 00:00:00 2001
    From: Ada Lovelace <ada@example.org>
    Date: Mon, 2 Nov 2026 10:00:00 +0000
    Subject: Seed the accelerator that is present

    The reason for the change, in prose.

    Origin: vendor
    Forwarded: no

    diff --git a/...

DEP-3's fields may stand in the mail's header or in the message; Subject serves as Description, From as
Author. Everything here is checked before git sees the patch, because git's own reader is lenient: it takes
diff-like lines of a message for the diff, decodes what it finds encoded, dates a mail without a date today.
"""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from npuport.base.errors import PortError

if TYPE_CHECKING:
    from npuport.patch.diff import FileChange

ENVELOPE = b"From 0000000000000000000000000000000000000000 Mon Sep 17 00:00:00 2001\n"
#: The fields that a message may hold, in lower case; `bug-<vendor>` besides.
FIELDS = {
    *("description", "subject", "author", "from", "origin", "forwarded", "bug", "applied-upstream", "reason"),
    *("reviewed-by", "acked-by", "last-update", "upstream-status", "signed-off-by"),
}
_DIFF_LIKE = re.compile(r"diff -|Index: |--- \S|\+\+\+ \S|@@ -\d|From [0-9a-f]{40} ")
_DIFFSTAT = re.compile(rb"^ (?:.+ \| .+|\d+ files? changed.*|(?:create|delete|rename|copy|mode) .+)\n", re.M)
_DATE = re.compile(r"(?:[A-Z][a-z]{2}, )?\d{1,2} [A-Z][a-z]{2} (?:19[7-9]\d|20\d\d) \d\d:\d\d:\d\d [+-]\d{4}")


@dataclass(frozen=True)
class Patch:
    """A patch whose form is sound.

    Args:
        name: its file's name.
        data: the file's bytes.
        fields: the mail's header and the DEP-3 fields, by lower-case name.
        reason: the message's prose.
        diff_start: where in `data` the diff starts.
        changes: the diff, a file each, in order.
    """

    name: str
    data: bytes
    fields: dict[str, str]
    reason: str
    diff_start: int
    changes: "tuple[FileChange, ...]"

    @property
    def sha256(self) -> str:
        """The sha256 of the file."""
        return hashlib.sha256(self.data).hexdigest()

    @property
    def mail(self) -> bytes:
        """The bytes for `git am`, with an envelope and a newline at the end."""
        data = self.data if self.data.startswith(b"From ") else ENVELOPE + self.data
        return data if data.endswith(b"\n") else data + b"\n"

    def with_diff(self, diff: bytes) -> "Patch":
        """The same mail around another diff; a diffstat, which would be wrong now, goes.

        Raises:
            PortError: the diff is not one that a patch may hold.
        """
        return parse_patch(self.name, _DIFFSTAT.sub(b"", self.data[: self.diff_start]) + diff)


def parse_patch(name: str, data: bytes) -> Patch:
    """Read a patch and check its form: encoding, header, message, diff. What it applies to is not looked at.

    Raises:
        PortError: the first thing that is wrong, with the line where it has one.
    """
    from npuport.patch.diff import parse_diff

    text = _decoded(name, data)
    start = text.find("\ndiff --git ") + 1
    if not start:
        raise PortError(
            f"{name} holds no diff", hint=f"write it anew with git format-patch, or remove {name}"
        )
    fields, message = _split_mail(name, text[:start])
    reason = _check_message(name, message, fields)
    changes = parse_diff(name, _without_signature(text[start:]), first_line=text.count("\n", 0, start) + 1)
    for fault in field_faults(fields, reason):
        raise PortError(f"{name}: {fault.problem}", hint=fault.hint)
    return Patch(name, data, fields, reason, len(text[:start].encode()), changes)


def is_field(line: str) -> bool:
    """Whether a line of a message is a DEP-3 field, `Forwarded: no`."""
    key, colon, _ = line.partition(":")
    return bool(colon) and (key.lower() in FIELDS or key.lower().startswith("bug-"))


def looks_like_diff(line: str) -> bool:
    """Whether git's reader of mails would take a line of a message for the start of the diff."""
    return _DIFF_LIKE.match(line) is not None


def _decoded(name: str, data: bytes) -> str:
    if (
        b"\0" in data
        or b"\nGIT binary patch\n" in data
        or re.search(rb"^Binary files .* differ$", data, re.M)
    ):
        raise PortError(
            f"{name} is a binary patch", hint="leave binary files to the adapter, patch text only"
        )
    if re.search(rb"^(?:From|diff --git|@@|---|\+\+\+) .*\r$", data, re.M) or b"\r\n\r\n" in data[:2000]:
        raise PortError(
            f"{name} has CRLF line ends", hint=f"dos2unix {name}; in .gitattributes: *.patch -text"
        )
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise PortError(
            f"{name}, line {line}: not UTF-8", hint=f"iconv -f latin1 -t utf-8 {name}, if it is latin-1"
        ) from error


def _split_mail(name: str, head: str) -> tuple[dict[str, str], str]:
    """The header's fields by lower-case name, and what stands between the header and the diff."""
    header, _, message = head.partition("\n\n")
    lines = header.split("\n")
    if lines[0].startswith("From "):
        del lines[0]
    fields: dict[str, str] = {}
    last = ""
    for line in lines:
        key, colon, value = line.partition(":")
        if line.startswith((" ", "\t")) and last:
            fields[last] += f" {line.strip()}"
        elif colon and re.fullmatch(r"[A-Za-z][A-Za-z0-9-]*", key) and key.lower() not in fields:
            last = key.lower()
            fields[last] = value.strip()
        else:
            raise PortError(
                f"{name}: the mail's header has the line {line[:60]!r}",
                hint="write it like git format-patch does",
            )
    return fields, message


def _check_message(name: str, message: str, fields: dict[str, str]) -> str:
    """Check the message, add its DEP-3 fields to the header's, return its prose."""
    for line in message.split("\n"):
        if looks_like_diff(line):
            raise PortError(
                f"{name}: the message has a line that git would take for the diff: {line[:60]!r}",
                hint="indent it by a blank",
            )
    prose: list[str] = []
    for line in message.split("\n"):
        word, _, value = line.partition(":")
        key = word.lower()
        if not prose and key in ("from", "date", "subject"):
            raise PortError(
                f"{name}: the message starts with {line[:60]!r}, which git would take for the mail's header",
                hint="put it into the header",
            )
        if is_field(line):
            fields.setdefault(key, value.strip())
        elif line.strip() == "---":
            break  # the diffstat
        elif line.strip():
            prose.append(line)
    return "\n".join(prose)


@dataclass(frozen=True)
class FieldFault:
    """What is wrong with a field of a mail, by its lower-case name, and how to fix it."""

    field: str
    problem: str
    hint: str


def field_faults(fields: dict[str, str], reason: str) -> Iterator[FieldFault]:
    """Everything that is wrong with a patch's fields, `reason` being its message's prose."""
    if not fields.get("subject"):
        yield FieldFault("subject", "no Subject", "say in one line what it does: `Subject: ...`")
    if not re.fullmatch(r"\S.*<[^<>\s]+>", fields.get("from", "")):
        yield FieldFault("from", "no `From: Name <address>`", "name the author in the mail's header")
    if not _DATE.fullmatch(fields.get("date", "")):
        yield FieldFault("date", "no date that git understands", "give it `Date:`, RFC 2822")
    if not fields.get("forwarded"):
        hint = "say `Forwarded: no`, `not-needed` or the url, after the message"
        yield FieldFault("forwarded", "no Forwarded", hint)
    if not (reason or fields.get("reason") or " ".join(fields.get("upstream-status", "").split()[1:])):
        yield FieldFault("reason", "no reason", "say in the message why the change is needed")
    if fields.get("content-transfer-encoding", "8bit").lower() not in ("7bit", "8bit"):
        hint = "write it with Content-Transfer-Encoding: 8bit"
        yield FieldFault("content-transfer-encoding", "an encoded mail", hint)
    kind = fields.get("content-type", "text/plain; charset=utf-8").lower().replace('"', "")
    if not re.fullmatch(r"text/plain(?:; ?charset=(?:utf-8|us-ascii))?", kind):
        yield FieldFault("content-type", f"Content-Type {kind[:60]!r}", "write it as text/plain in UTF-8")


def _without_signature(diff: str) -> str:
    """The diff without the `-- ` line and the version that git format-patch puts below it."""
    return re.sub(r"\n-- \n[^\n]*\n*\Z", "\n", diff)
