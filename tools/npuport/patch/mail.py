"""Check the form of a patch, and read only patches whose form is sound.

git's own reader of mails is lenient: it takes diff-like lines of a message for the diff, decodes encoded
text, and dates a mail without a date today. So npuport checks a patch before git sees it.
"""

import re
from collections.abc import Iterator
from email.utils import parsedate_to_datetime
from itertools import chain

from npuport.base.errors import PortError
from npuport.patch.diff import Fault, diff_faults
from npuport.patch.parts import Patch, above_dashes, is_field
from npuport.patch.reader import read_patch

_DIFF_LIKE = re.compile(r"diff -|Index: |--- \S|\+\+\+ \S|@@ -\d|From [0-9a-f]{40} ")
_DIFFSTAT = re.compile(rb"^ (?:.+ \| .+|\d+ files? changed.*|(?:create|delete|rename|copy|mode) .+)\n", re.M)
_DATE = re.compile(
    r"(?:[A-Z][a-z]{2}, )?\d{1,2} [A-Z][a-z]{2} (?:19[7-9]\d|20\d\d) \d\d:\d\d:\d\d [+-]\d{4}", re.ASCII
)
_BINARY = re.compile(rb"\0|\nGIT binary patch\n|^Binary files .* differ$", re.M)
_CRLF = re.compile(rb"^(?:From|diff --git|@@|---|\+\+\+) .*\r$", re.M)


def parse_patch(name: str, data: bytes) -> Patch:
    """Read a patch and check its form, not whether it applies to anything.

    Raises:
        PortError: the first fault, with its line where it has one.
    """
    patch = read_patch(name, data)
    for fault in chain(form_faults(patch), field_faults(patch)):
        where = f"line {fault.line}: " if fault.line else ""
        raise PortError(f"{name}: {where}{fault.problem}", hint=fault.hint)
    return patch


def with_diff(patch: Patch, diff: bytes) -> Patch:
    """The same mail around another diff, without the diffstat, which would be wrong now.

    Raises:
        PortError: the diff is not one that a patch may hold.
    """
    return parse_patch(patch.name, _DIFFSTAT.sub(b"", patch.data[: patch.diff_start]) + diff)


def looks_like_diff(line: str) -> bool:
    """Whether git's reader of mails would take a line of a message for the start of the diff."""
    return _DIFF_LIKE.match(line) is not None


def form_faults(patch: Patch) -> Iterator[Fault]:
    """All faults in the encoding, the header, the message and the diff, in this order; not in the fields."""
    if _BINARY.search(patch.data):
        yield Fault("a binary patch", "leave binary files to the adapter, patch text only")
    elif _CRLF.search(patch.data) or b"\r\n\r\n" in patch.data[:2000]:
        yield Fault("CRLF line ends", f"dos2unix {patch.name}; in .gitattributes: *.patch -text")
    elif not patch.diff:
        yield Fault("no diff", f"write it anew with git format-patch, or remove {patch.name}")
    else:
        try:
            patch.data.decode("utf-8")
        except UnicodeDecodeError as error:
            hint = f"iconv -f latin1 -t utf-8 {patch.name}, if it is latin-1"
            yield Fault("not UTF-8", hint, patch.data.count(b"\n", 0, error.start) + 1)
        yield from _header_faults(patch)
        yield from _message_faults(patch)
        yield from diff_faults(patch)


def _header_faults(patch: Patch) -> Iterator[Fault]:
    hint = "write it like git format-patch does"
    for line in patch.odd:
        problem = f"the mail's header has the line {line.text[:60]!r}"
        yield Fault(problem if line.text else "no empty line ends the mail's header", hint, line.number)
    names = set()
    for field in patch.header:
        if field.name in names:
            yield Fault(f"the mail's header has {field.name.capitalize()} twice", hint, field.number)
        names.add(field.name)


def _message_faults(patch: Patch) -> Iterator[Fault]:
    for line in patch.message:
        if looks_like_diff(line.text):
            problem = f"the message has a line that git would take for the diff: {line.text[:60]!r}"
            yield Fault(problem, "indent it by a blank", line.number)
    for line in above_dashes(patch.message):
        if line.text.partition(":")[0].lower() in ("from", "date", "subject"):
            problem = f"git would take the message's line {line.text[:60]!r} for the mail's header"
            yield Fault(problem, "put it into the header", line.number)
        elif line.text.strip() and not is_field(line.text):
            return


def is_date(text: str) -> bool:
    """Whether a text is an existing date of RFC 2822 with a time zone; git reads others in its own way."""
    if not _DATE.fullmatch(text) or text.endswith("-0000") or text[-4:-2] > "14" or text[-2:] > "59":
        return False
    try:
        parsedate_to_datetime(text)
    except ValueError:
        return False
    return True


def field_faults(patch: Patch) -> Iterator[Fault]:
    def fault(field: str, problem: str, hint: str) -> Fault:
        place = patch.field(field)
        return Fault(problem, hint, place.number if place else 0, field)

    fields = patch.fields
    header = {name: value for name, value, _ in reversed(patch.header)}  # git looks for these three there
    if not header.get("subject"):
        yield fault("subject", "no Subject", "name in one line what the patch does: `Subject: ...`")
    if not re.fullmatch(r"\S.*<[^<>\s]+>", header.get("from", "")):
        yield fault("from", "no `From: Name <address>`", "name the author in the mail's header")
    if not is_date(header.get("date", "")):
        yield fault("date", "no date that git understands", "add `Date:` in the form of RFC 2822")
    if not fields.get("forwarded"):
        hint = "add `Forwarded: no`, `not-needed` or the URL after the message"
        yield fault("forwarded", "no Forwarded", hint)
    if not (patch.prose or fields.get("reason") or " ".join(fields.get("upstream-status", "").split()[1:])):
        yield fault("reason", "no reason", "write in the message why the change is needed")
    if fields.get("content-transfer-encoding", "8bit").lower() not in ("7bit", "8bit"):
        hint = "write it with Content-Transfer-Encoding: 8bit"
        yield fault("content-transfer-encoding", "an encoded mail", hint)
    kind = fields.get("content-type", "text/plain; charset=utf-8").lower().replace('"', "")
    if not re.fullmatch(r"text/plain(?:; ?charset=(?:utf-8|us-ascii))?", kind):
        yield fault("content-type", f"Content-Type {kind[:60]!r}", "write it as text/plain in UTF-8")
