"""The patch that a new commit becomes: its mail, with a header for a person to fill in."""

import re
from datetime import date
from email.utils import format_datetime, parsedate_to_datetime

from npuport.git.repository import Commit
from npuport.patch.mail import ENVELOPE, is_field, looks_like_diff

#: Stands where the reason belongs until a person gives it; `npuport lint` refuses it.
PLACEHOLDER = "(why this change is needed: to be filled in)"
_LONGEST = 57  # of a name without its ending, as with git format-patch


def name_of(subject: str, number: int) -> str:
    """The file's name, made like git format-patch makes it: `0004-Seed-every-generator.patch`."""
    words = re.sub(r"[^A-Za-z0-9._]+", "-", subject).strip("-.")
    stem = f"{number:04}-{words or 'patch'}"[:_LONGEST]
    return f"{stem.rstrip('-.')}.patch"


def mail_of(commit: Commit, today: date) -> bytes:
    """The mail of a commit, up to its diff: with DEP-3's fields and, if need be, a place for the reason."""
    subject, body = split_message(commit.message)
    written = parsedate_to_datetime(commit.date)
    prose = [line for line in body if line.strip() and not is_field(line)]
    fields = [line for line in body if is_field(line)]
    keys = {line.partition(":")[0].lower() for line in fields}
    text = [line for line in body if not is_field(line)] if prose else [PLACEHOLDER]
    defaults = {"Origin": "vendor", "Forwarded": "no", "Last-Update": today.isoformat()}
    fields += [f"{key}: {value}" for key, value in defaults.items() if key.lower() not in keys]
    message = "\n".join(f" {line}" if looks_like_diff(line) else line for line in text).strip("\n")
    head = f"From: {commit.name} <{commit.address}>\nDate: {format_datetime(written)}\nSubject: {subject}\n"
    return ENVELOPE + f"{head}\n{message}\n\n{chr(10).join(fields)}\n\n".encode()


def split_message(message: str) -> tuple[str, list[str]]:
    """The subject of a commit's message in one line, and the lines of its body."""
    paragraph, _, body = message.strip("\n").partition("\n\n")
    return " ".join(paragraph.split()), body.strip("\n").split("\n") if body.strip() else []
