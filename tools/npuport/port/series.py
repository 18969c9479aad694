"""`patches/`: the file `series`, which names the patches in order, and the patches."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from npuport.base.errors import PortError
from npuport.port.lock import Lock, PatchEntry
from npuport.port.lockrules import wrong_patch_name

SERIES = "series"


@dataclass(frozen=True)
class PatchFile:
    """A patch on disk: its name and its bytes."""

    name: str
    data: bytes

    @property
    def entry(self) -> PatchEntry:
        return PatchEntry(self.name, hashlib.sha256(self.data).hexdigest())


def read_series(directory: Path) -> tuple[PatchFile, ...]:
    """Read the patches in order. The file `series` holds one name a line, blank lines and `#` comments.

    Raises:
        PortError: no series; a name twice, malformed or without a file; a patch not named.
    """
    path = directory / SERIES
    names = []
    for number, name in named_lines(path):
        if problem := wrong_patch_name(name):
            raise PortError(f"{path}, line {number}: {name[:80]!r} {problem}", hint="rename the patch")
        if name in names:
            raise PortError(
                f"{path}, line {number}: {name} is listed twice", hint="remove one of the two lines"
            )
        names.append(name)
    stray = sorted({p.name for p in directory.glob("*.patch")} - set(names))
    if stray:
        raise PortError(
            f"{directory / stray[0]} is not in the series", hint=f"name it in {path}, or delete it"
        )
    patches = tuple(PatchFile(name, _read(directory, name)) for name in names)
    _check_duplicates(patches)
    return patches


def named_lines(path: Path) -> list[tuple[int, str]]:
    """The names in a file `series`, right or wrong, with their line numbers.

    Raises:
        PortError: there is no such file, or it is not UTF-8.
    """
    try:
        lines = path.read_bytes().decode().splitlines()
    except FileNotFoundError as error:
        raise PortError(
            f"{path} is missing", hint="list the patches in it, one name a line, in order"
        ) from error
    except UnicodeDecodeError as error:
        raise PortError(f"{path} is not UTF-8", hint="save it as UTF-8") from error
    stripped = [(number, line.strip()) for number, line in enumerate(lines, 1)]
    return [(number, name) for number, name in stripped if name and not name.startswith("#")]


def digest(entries: Iterable[PatchEntry]) -> str:
    """The series digest: order, names and bytes in one sha256.

    It is that of the text which `sha256sum` prints for the patches in the series' order, a line each:
    `<sha256 of the file>  <name>`. In patches/, `sha256sum $(grep -v '^#' series) | sha256sum` gives it.
    """
    text = "".join(f"{entry.sha256}  {entry.name}\n" for entry in entries)
    return hashlib.sha256(text.encode()).hexdigest()


def format_series(text: str, names: Sequence[str]) -> str:
    """Return the file `series` for another list of patches; comments and blank lines stay where possible.

    Args:
        text: the old file.
        names: the patches in order.
    """
    lines = text.splitlines()
    listed = [line.strip() for line in lines if line.strip() and not line.strip().startswith("#")]
    if [name for name in listed if name in names] != [name for name in names if name in listed]:
        return "".join(f"{line}\n" for line in [ln for ln in lines if ln.strip().startswith("#")] + [*names])
    kept = [line for line in lines if line.strip() not in listed or line.strip() in names]
    for number, name in enumerate(names):
        if name not in listed:
            before = names[number - 1] if number else None
            at = next((n for n, line in enumerate(kept, 1) if line.strip() == before), len(kept))
            kept.insert(at if before else _first(kept, listed), name)
    return "".join(f"{line}\n" for line in kept)


def _first(lines: Sequence[str], names: Sequence[str]) -> int:
    return next((number for number, line in enumerate(lines) if line.strip() in names), len(lines))


def check_sums(lock: Lock, patches: Sequence[PatchFile]) -> None:
    """Compare a series with the lock.

    Raises:
        PortError: a patch was added, removed, moved or changed since the lock was written.
    """
    hint = "npuport refresh, if the change is intended; else restore it from version control"
    locked = {entry.name: entry.sha256 for entry in lock.patches}
    entries = [patch.entry for patch in patches]
    for entry in entries:
        if entry.name not in locked:
            raise PortError(f"{entry.name} is in the series but not in upstream.lock", hint=hint)
        if entry.sha256 != locked[entry.name]:
            raise PortError(f"{entry.name} differs from upstream.lock: its sha256 is another", hint=hint)
    if missing := [name for name in locked if name not in {entry.name for entry in entries}]:
        raise PortError(f"{missing[0]} is in upstream.lock but not in the series", hint=hint)
    if tuple(entries) != lock.patches:
        raise PortError("the order of the series is not that of upstream.lock", hint=hint)
    if digest(entries) != lock.series_digest:
        raise PortError("the series digest is not that of upstream.lock", hint=hint)


def find(files: Sequence[PatchFile], name: str) -> PatchFile:
    """A patch of the series by its file name or its number: `0002-a.patch`, `0002-a`, `2`.

    Raises:
        PortError: there is none.
    """
    number = f"{name:0>4}-" if name.isdigit() else None
    for file in files:
        if file.name in (name, f"{name}.patch") or (number and file.name.startswith(number)):
            return file
    numbers = ", ".join(file.name[:4] for file in files) or "none"
    raise PortError(f"{name} is not in the series", hint=f"name one by file name or number: {numbers}")


def _read(directory: Path, name: str) -> bytes:
    path = directory / name
    if path.is_symlink() or not path.is_file():
        kind = (
            "is not a regular file"
            if path.is_symlink() or path.exists()
            else "is in the series, but is missing"
        )
        raise PortError(f"{path} {kind}", hint=f"restore it from version control, or remove it from {SERIES}")
    return path.read_bytes()


def _check_duplicates(patches: Sequence[PatchFile]) -> None:
    seen: dict[bytes, str] = {}
    numbers: dict[str, str] = {}
    for patch in patches:
        if patch.data in seen:
            raise PortError(
                f"{patch.name} is a duplicate of {seen[patch.data]}", hint="remove one of the two"
            )
        number = patch.name[:4]
        if number in numbers:
            raise PortError(
                f"{patch.name} has the number of {numbers[number]}", hint="renumber one of the two"
            )
        seen[patch.data] = numbers[number] = patch.name
