"""Check the diff of a patch: its lines, its paths and its modes; unidiff must read the same in it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import zip_longest

from npuport.patch.parts import FileChange, Hunk, Patch, PatchLine
from npuport.patch.reader import NO_FILE, quoted, unquoted

_INFO = re.compile(
    r"index [0-9a-f]+\.\.[0-9a-f]+(?: \d{6})?|(?:old|new|new file|deleted file) mode \d{6}"
    r"|(?:dis)?similarity index \d+%|(?:rename|copy) (?:from|to) .+"
)
_NUMBER = "(?:0|[1-9][0-9]*)"
_HUNK = re.compile(rf"@@ -{_NUMBER}(?:,{_NUMBER})? \+{_NUMBER}(?:,{_NUMBER})? @@(?: .*|\s*)")
_KINDS = (" ", "-", "+")
_REGULAR = ("100644", "100755")
# Characters that a file system may drop from a name, so that `.g<invisible>it` is `.git`.
_INVISIBLE = re.compile("[\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff]")
_ANEW = "write it anew with git format-patch; a diff that the message quotes must be indented"


@dataclass(frozen=True)
class Fault:
    """What is wrong with a patch and how to fix it.

    Args:
        line: where, counted from 1; 0 where it is about the patch as a whole.
        field: the field of the mail that it is about, in lower case.
    """

    problem: str
    hint: str
    line: int = 0
    field: str = ""


def diff_faults(patch: Patch) -> Iterator[Fault]:
    sound = True
    paths = set()
    for change in patch.changes:
        for fault in _change_faults(change):
            sound = False
            yield fault
        if change.path in paths:
            yield Fault(f"{change.path} is changed twice", "make it one change", change.header.number)
        paths.add(change.path)
    if sound and (disagreement := _disagreement(patch)):
        yield disagreement


def _malformed(line: PatchLine, problem: str) -> Fault:
    return Fault(f"malformed diff: {problem}", _ANEW, line.number)


def _change_faults(change: FileChange) -> Iterator[Fault]:
    paths = list(_path_faults(change))
    yield from paths or _name_faults(change)
    for mode in filter(None, (change.old_mode, change.new_mode)):
        if mode not in _REGULAR:
            kind = {"120000": "a symbolic link", "160000": "a submodule"}.get(mode, "no regular file")
            problem = f"{change.path} is {kind} (mode {mode})"
            yield Fault(problem, "patch regular files only", change.header.number)
    for hunk in change.hunks:
        yield from _hunk_faults(hunk)
    if change.stray:
        line, after = (*change.stray, PatchLine(0, ""))[:2]
        if line.text.startswith("--- ") and after.text.startswith("+++ "):
            path = unquoted(after.text[4:].partition("\t")[0]).removeprefix("b/")
            yield _malformed(line, f"{path} without a `diff --git` line")
        else:
            yield _malformed(line, repr(line.text[:80]))


def _name_faults(change: FileChange) -> Iterator[Fault]:
    """Faults in the lines above the hunks: each must be one that git writes, and all name the same file."""
    old, new = change.old or change.new or "", change.new or change.old or ""
    if old != new and not change.renamed:
        yield _malformed(change.header, f"{old} and {new} are two files")
        return
    named = change.header.text.removeprefix("diff --git ")
    for write in (str, quoted):  # git quotes a path that is not ASCII, unless core.quotePath is off
        sides = write(f"a/{old}"), write(f"b/{new}")
        if named == " ".join(sides):
            break
    else:
        yield _malformed(change.header, f"`diff --git {named}` does not name {change.old or change.new}")
        return
    info = change.info
    if change.hunks:
        names = [f"--- {sides[0] if change.old else NO_FILE}", f"+++ {sides[1] if change.new else NO_FILE}"]
        if [line.text.partition("\t")[0] for line in info[-2:]] != names:
            problem = f"the lines above the first hunk are not `{names[0]}` and `{names[1]}`"
            yield _malformed(change.hunks[0].header, problem)
        info = info[:-2]
    for line in info:
        if not _INFO.fullmatch(line.text):
            yield _malformed(line, f"{line.text[:80]!r} is no part of a diff")


def _hunk_faults(hunk: Hunk) -> Iterator[Fault]:
    if not _HUNK.fullmatch(hunk.header.text):
        yield _malformed(hunk.header, repr(hunk.header.text[:80]))
    sizes = tuple(len(hunk.lines) - hunk.shape.count(other) for other in "+-")
    if sizes != (hunk.old_size, hunk.new_size):
        problem = (
            f"the hunk has {sizes[0]} old and {sizes[1]} new lines, not {hunk.old_size} and {hunk.new_size}"
        )
        yield _malformed(hunk.header, problem)
    elif not hunk.shape.strip(" "):
        yield _malformed(hunk.header, "the hunk changes nothing")


def _path_faults(change: FileChange) -> Iterator[Fault]:
    if change.path == "":
        yield _malformed(change.header, f"{change.header.text[:80]!r} names no file")
    for path in (change.old, change.new):
        if path and (problem := _wrong_path(path)):
            yield Fault(*problem, change.header.number)
            return
    if not re.match('diff --git "?a/.* "?b/', change.header.text):
        yield Fault("path without a/ and b/", "write it with git format-patch", change.header.number)


def _wrong_path(path: str) -> tuple[str, str] | None:
    parts = path.split("/")
    if any(part in ("", ".", "..") for part in parts):
        return f"path {path!r} is outside the tree", "use a path relative to the tree"
    if re.search(r"[\x00-\x1f\x7f\\]", path):
        return f"path {path!r} holds a control character", "use a plain path"
    for part in parts:
        plain = _INVISIBLE.sub("", part).rstrip(". ").lower()
        if plain in (".git", "git~1") or part.lower().startswith(".git:"):
            return f"{path} is inside .git", "patch files of the tree only"
        if plain in (".gitmodules", "gitmod~1"):
            return f"{path} names submodules", "leave .gitmodules alone"
    return None


def _disagreement(patch: Patch) -> Fault | None:
    """The first place where unidiff, a reader by other hands, reads something else."""
    # Late: a port with nothing to do reads no patch, and unidiff would take a fifth of its time to import.
    from unidiff.errors import UnidiffParseError
    from unidiff.patch import PatchSet

    lines = patch.data.decode(errors="surrogateescape").split("\n")
    end = patch.signature.number - 1 if patch.signature else len(lines) - (not lines[-1])
    try:
        files = PatchSet("\n".join(lines[patch.diff - 1 : end]) + "\n")
    except UnidiffParseError as error:
        return _malformed(patch.changes[0].header, f"unidiff cannot read it: {str(error).strip()}")
    for change, file in zip_longest(patch.changes, files):
        if change is None or file is None:
            return _malformed(patch.changes[-1].header, "unidiff finds another number of files")
        paths = [unquoted(path) for path in (file.source_file, file.target_file)]
        wanted = [f"a/{change.old}" if change.old else NO_FILE, f"b/{change.new}" if change.new else NO_FILE]
        if paths != wanted or len(file) != len(change.hunks):
            return _malformed(change.header, f"unidiff reads {len(file)} hunks from {paths[0]} to {paths[1]}")
        for hunk, other in zip(change.hunks, file, strict=True):
            ours = (hunk.old_start, hunk.old_size, hunk.new_start, hunk.new_size)
            theirs = (other.source_start, other.source_length, other.target_start, other.target_length)
            text = [f"{line.kind}{line.text}\n" for line in hunk.lines]
            if ours != theirs or text != [f"{x.line_type}{x.value}" for x in other if x.line_type in _KINDS]:
                return _malformed(hunk.header, "unidiff reads other lines in this hunk")
    return None
