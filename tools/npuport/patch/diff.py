"""The diff of a patch: read with unidiff, its paths and modes checked before git sees them."""

import re
from dataclasses import dataclass
from itertools import zip_longest

from unidiff.errors import UnidiffParseError
from unidiff.patch import Hunk as RawHunk
from unidiff.patch import PatchedFile, PatchSet

from npuport.base.errors import PortError

_INFO = re.compile(
    r"diff --git .+|index [0-9a-f]+\.\.[0-9a-f]+(?: \d{6})?|(?:old|new|new file|deleted file) mode \d{6}"
    r"|(?:dis)?similarity index \d+%|(?:rename|copy) (?:from|to) .+"
)
_KEY = re.compile(
    r"diff --git|index|(?:old|new|new file|deleted file) mode"
    r"|(?:dis)?similarity index|(?:rename|copy) (?:from|to)"
)
_REGULAR = ("100644", "100755")
# Characters that a file system may drop from a name, so that `.g<invisible>it` is `.git`.
_INVISIBLE = re.compile("[\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff]")


@dataclass(frozen=True)
class Hunk:
    """A hunk: at which lines, counted from 1, which lines become which. Lines keep their ends.

    Args:
        header: its `@@` line, as the errors quote it.
    """

    header: str
    old_start: int
    old: tuple[bytes, ...]
    new_start: int
    new: tuple[bytes, ...]
    leading: int
    trailing: int


@dataclass(frozen=True)
class FileChange:
    """What a patch does to one file.

    Args:
        old: the path it is read from; None where it is new.
        new: the path it is written to; None where it is deleted.
        old_mode: the mode that the patch says it has; None where it does not say.
        new_mode: the mode it gets; None where it keeps the old one.
        copy: whether `old` stays beside `new`.
    """

    old: str | None
    new: str | None
    old_mode: str | None
    new_mode: str | None
    copy: bool
    hunks: tuple[Hunk, ...]

    @property
    def path(self) -> str:
        """The path that errors name."""
        return self.new or self.old or ""


def parse_diff(name: str, text: str, first_line: int) -> tuple[FileChange, ...]:
    """Read a diff.

    Args:
        name: the patch's name.
        text: the diff, from its first `diff --git`.
        first_line: that line's number in the patch.

    Raises:
        PortError: a line that belongs to no hunk, a path outside the tree, a mode that is not a file's.
    """
    try:
        files = PatchSet(text)
    except UnidiffParseError as error:
        raise _malformed(name, str(error).strip()) from error
    understood = "".join(map(str, files)).split("\n")
    for number, (mine, line) in enumerate(
        zip_longest(understood, text.split("\n"), fillvalue=""), first_line
    ):
        if mine != line and _canonical(mine) != _canonical(line):
            raise _malformed(name, f"line {number}: {line[:80]!r}")
    changes = tuple(_change(name, file) for file in files)
    paths = [change.path for change in changes]
    for path in paths:
        if paths.count(path) > 1:
            raise PortError(f"{name}: {path} is changed twice", hint="make it one change")
    return changes


def _change(name: str, file: PatchedFile) -> FileChange:
    value: dict[str, str] = {}
    for line in [str(line).rstrip("\n") for line in file.patch_info or []]:
        if not _INFO.fullmatch(line):
            raise _malformed(name, f"{line[:80]!r} is no part of a diff")
        key = _KEY.match(line)
        assert key is not None
        value[key[0]] = line[key.end() + 1 :]
    old = _path(name, value.get("rename from", value.get("copy from")), file.source_file, "a/")
    new = _path(name, value.get("rename to", value.get("copy to")), file.target_file, "b/")
    if old and new and old != new and not ("rename from" in value or "copy from" in value):
        raise _malformed(name, f"{old} and {new} are two files")
    if "diff --git" not in value:
        raise _malformed(name, f"{old or new} without a `diff --git` line")
    if value["diff --git"] not in _git_headers(old or new or "", new or old or ""):
        raise _malformed(name, f"`diff --git {value['diff --git']}` does not name {old or new}")
    index_mode = re.search(r" (\d{6})$", value.get("index", ""))
    old_mode = (
        value.get("old mode") or value.get("deleted file mode") or (index_mode and index_mode[1]) or None
    )
    new_mode = value.get("new mode") or value.get("new file mode")
    for mode in (old_mode, new_mode):
        if mode and mode not in _REGULAR:
            kind = {"120000": "a symbolic link", "160000": "a submodule"}.get(mode, "no regular file")
            raise PortError(f"{name}: {new or old} is {kind} (mode {mode})", hint="patch regular files only")
    copy = "copy from" in value
    return FileChange(old, new, old_mode, new_mode, copy, tuple(_hunk(name, hunk) for hunk in file))


def _hunk(name: str, raw: RawHunk) -> Hunk:
    old: list[bytes] = []
    new: list[bytes] = []
    shape = ""
    for line in raw:
        value = line.value.encode()
        if line.line_type == "\\":  # the line before has no newline
            for kinds, side in ((" -", old), (" +", new)):
                if shape[-1:] and shape[-1] in kinds:
                    side[-1] = side[-1].removesuffix(b"\n")
            continue
        shape += line.line_type
        if line.line_type in " -":
            old.append(value)
        if line.line_type in " +":
            new.append(value)
    if not shape.strip(" "):
        raise _malformed(name, f"the hunk at line {raw.source_start} changes nothing")
    header = f"@@ -{raw.source_start},{raw.source_length} +{raw.target_start},{raw.target_length} @@"
    leading, trailing = len(shape) - len(shape.lstrip(" ")), len(shape) - len(shape.rstrip(" "))
    return Hunk(header, raw.source_start, tuple(old), raw.target_start, tuple(new), leading, trailing)


def _path(name: str, said: str | None, header: str, prefix: str) -> str | None:
    """A path of the diff, out of git's quotes, checked; None for /dev/null."""
    if header == "/dev/null":
        return None
    bare = _unquoted(header)
    path = _unquoted(said) if said else bare.removeprefix(prefix)
    if bare != prefix + path:
        raise PortError(f"{name}: path {bare!r} without {prefix}", hint="write it with git format-patch")
    parts = path.split("/")
    if any(part in ("", ".", "..") for part in parts):
        raise PortError(f"{name}: path {path!r} is outside the tree", hint="use a path relative to the tree")
    if re.search(r"[\x00-\x1f\x7f\\]", path):
        raise PortError(f"{name}: path {path!r} holds a control character", hint="use a plain path")
    for part in parts:
        plain = _INVISIBLE.sub("", part).rstrip(". ").lower()
        if plain in (".git", "git~1") or part.lower().startswith(".git:"):
            raise PortError(f"{name}: {path} is inside .git", hint="patch files of the tree only")
        if plain in (".gitmodules", "gitmod~1"):
            raise PortError(f"{name}: {path} names submodules", hint="leave .gitmodules alone")
    return path


def _unquoted(path: str) -> str:
    """A path as git writes it, `"a/\\303\\244"` or plain."""
    if not (path.startswith('"') and path.endswith('"') and len(path) > 1):
        return path
    octal = re.sub(rb"\\([0-7]{3})", lambda m: bytes([int(m[1], 8) & 255]), path[1:-1].encode())
    return re.sub(rb'\\(["\\])', rb"\1", octal).decode(errors="surrogateescape")


def _git_headers(old: str, new: str) -> tuple[str, ...]:
    def quoted(path: str) -> str:
        raw = path.encode(errors="surrogateescape")
        text = "".join(chr(b) if 32 <= b < 127 and b not in b'"\\' else _escape(b) for b in raw)
        return f'"{text}"' if text != path else path

    return (f"a/{old} b/{new}", f"{quoted('a/' + old)} {quoted('b/' + new)}")


def _escape(byte: int) -> str:
    return f"\\{chr(byte)}" if byte in b'"\\' else f"\\{byte:03o}"


def _malformed(name: str, problem: str) -> PortError:
    hint = "write it anew with git format-patch; a diff that the message quotes must be indented"
    return PortError(f"{name}: malformed diff: {problem}", hint=hint)


def _canonical(line: str) -> str:
    """A line without the freedoms of the format that unidiff does not keep."""
    if line.startswith("@@ "):
        return re.sub(
            r"^@@ -(\d+) ", r"@@ -\1,1 ", re.sub(r"^(@@ \S+) \+(\d+) @@", r"\1 +\2,1 @@", line)
        ).rstrip()
    return "" if line == " " else line.rstrip("\t") if line.startswith(("--- ", "+++ ")) else line
