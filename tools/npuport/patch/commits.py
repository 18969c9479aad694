"""Make commits of patches that are applied in memory: the same commits as `git am` makes of their mails.

`git am` writes some ten small files for each patch, which takes longer than all the rest. The contents are in
memory, since every patch is applied there to check it, so one `git fast-import` makes the commits. Mails that
git reads in its own way (encoded words, `[tags]`, quoted names) are left to `git am`, and `npuport verify`
uses `git am` alone: two ways to one commit id.
"""

import re
from email.utils import parsedate_to_datetime
from pathlib import Path

from npuport import git
from npuport.git.process import IDENTITY
from npuport.patch.apply import Tree
from npuport.patch.parts import Patch
from npuport.patch.reader import quoted

# What git's reader of mails does not change.
_NAME = re.compile(r"[^\W_](?:(?! {2})[\w .+'-])*[\w+-]|[^\W_]")
_ADDRESS = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]*@[A-Za-z0-9.-]*[A-Za-z0-9]")
_SUBJECT = re.compile(r"(?!(?i:re:))[^\[\s:](?:\S| (?! ))*")
_DATE = re.compile(r"[A-Z][a-z]{2}, \d{1,2} [A-Z][a-z]{2} (?:199\d|20\d\d) \d\d:\d\d:\d\d [+-]\d{4}")
_ODD_HEADER = re.compile(r"\n[ \t]|=\?|^(?:content-|mime-|in-reply-to)", re.I | re.M)
_CUT = re.compile(r"^---[ \t]*$", re.M)


class Batch:
    """Patches that are to become commits of a work tree."""

    def __init__(self) -> None:
        self._mails: list[bytes] = []
        self._commits: list[bytes] = []

    def add(self, patch: Patch, tree: Tree) -> None:
        """Add a patch that has just been applied to a tree in memory."""
        self._mails.append(patch.mail)
        if len(self._commits) == len(self._mails) - 1 and is_plain(patch):
            self._commits.append(_commit(patch, tree, first=not self._commits))

    def commit(self, repository: Path) -> None:
        """Make the commits on HEAD, check the last one out, and forget them."""
        if len(self._commits) < len(self._mails):
            git.am(repository, b"".join(self._mails))
        elif self._commits:
            git.detach(repository, git.fast_import(repository, self._commits))
        self._mails, self._commits = [], []


def is_plain(patch: Patch) -> bool:
    """Whether git's reader of mails leaves a patch's header as it is."""
    head = patch.data[: patch.diff_start].decode().partition("\n\n")[0]
    name, _, address = patch.fields["from"].removesuffix(">").partition(" <")
    return bool(
        head.replace("\n", "").isprintable()
        and not _ODD_HEADER.search(head)
        and _SUBJECT.fullmatch(patch.fields["subject"])
        and _NAME.fullmatch(name)
        and _ADDRESS.fullmatch(address)
        and _DATE.fullmatch(patch.fields["date"])
    )


def message_of(patch: Patch) -> bytes:
    """Subject and body as `git am` cleans them: no blanks at ends, no two empty lines, none after `---`."""
    body = patch.data[: patch.diff_start].decode().partition("\n\n")[2]
    if cut := _CUT.search(body):
        body = body[: cut.start()]
    lines = (line.rstrip(" \t\r\n") for line in f"{patch.fields['subject']}\n\n{body}".split("\n"))
    return (re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip("\n") + "\n").encode()


def _commit(patch: Patch, tree: Tree, *, first: bool) -> bytes:
    """A commit as input of `git fast-import`; the parent of the first one is HEAD."""
    date = patch.fields["date"]
    when = f"{int(parsedate_to_datetime(date).timestamp())} {date[-5:]}"
    message = message_of(patch)
    name, address = IDENTITY
    lines = [
        f"commit {git.IMPORTED}\nmark :1\nauthor {patch.fields['from']} {when}\n".encode(),
        f"committer {name} <{address}> {when}\ndata {len(message)}\n".encode() + message,
    ]
    if first:
        lines.append(b"from HEAD^0\n")
    for change in patch.changes:
        if change.old and change.old != change.new and not change.copy:
            lines.append(b"D %s\n" % quoted(change.old).encode())
    for change in patch.changes:
        if change.new:
            file = tree[change.new]
            data = b"".join(file.lines or [])
            where = (file.mode.encode(), quoted(change.new).encode(), len(data))
            lines += [b"M %s inline %s\ndata %d\n" % where, data, b"\n"]
    return b"".join(lines)
