"""The name and the mail of a new patch."""

import re
from collections.abc import Sequence
from datetime import date, datetime
from email.utils import format_datetime, parsedate_to_datetime

from npuport.git.repository import Commit
from npuport.patch.mail import looks_like_diff
from npuport.patch.parts import ENVELOPE, is_field

#: The reason of a patch until its author writes one; `npuport lint` refuses it.
PLACEHOLDER = "(why this change is needed: to be filled in)"
_LONGEST = 57  # of a name without its ending, as with git format-patch


def name_of(subject: str, number: int) -> str:
    """A patch's file name as git format-patch makes it: `0004-Seed-every-generator.patch`."""
    words = re.sub(r"[^A-Za-z0-9._]+", "-", subject).strip("-.")
    stem = f"{number:04}-{words or 'patch'}"[:_LONGEST]
    return f"{stem.rstrip('-.')}.patch"


def mail_of(commit: Commit, today: date) -> bytes:
    """The mail of a commit, up to its diff."""
    subject, body = split_message(commit.message)
    written = parsedate_to_datetime(commit.date)
    return write_mail((commit.name, commit.address), written, subject, body, today)


def write_mail(
    author: tuple[str, str], written: datetime, subject: str, body: Sequence[str], today: date
) -> bytes:
    """The mail of a new patch, up to its diff.

    Args:
        author: name and address.
        body: the message's lines. Those that are DEP-3 fields stand at the end of the mail, with the defaults
            of the fields that are missing; where there is no prose, `PLACEHOLDER` stands for the reason.
        today: for `Last-Update`.
    """
    fields = [line for line in body if is_field(line)]
    text = [line for line in body if not is_field(line)]
    if not any(line.strip() for line in text):
        text = [PLACEHOLDER]
    keys = {line.partition(":")[0].lower() for line in fields}
    defaults = {"Origin": "vendor", "Forwarded": "no", "Last-Update": today.isoformat()}
    fields += [f"{key}: {value}" for key, value in defaults.items() if key.lower() not in keys]
    message = "\n".join(f" {line}" if looks_like_diff(line) else line for line in text).strip("\n")
    head = f"From: {author[0]} <{author[1]}>\nDate: {format_datetime(written)}\nSubject: {subject}\n"
    return ENVELOPE + f"{head}\n{message}\n\n{chr(10).join(fields)}\n\n".encode()


def split_message(message: str) -> tuple[str, list[str]]:
    """The subject of a commit's message in one line, and the lines of its body."""
    paragraph, _, body = message.strip("\n").partition("\n\n")
    return " ".join(paragraph.split()), body.strip("\n").split("\n") if body.strip() else []
