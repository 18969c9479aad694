"""SHA256SUMS: the digest of every file of a bundle, in the form of `sha256sum --check`."""

import hashlib
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from npuport.base.errors import PortError

NAME = "SHA256SUMS"
#: Files that the bundle's own scripts write into it.
WRITTEN = ("verify.json", "benchmark.json")
#: The text after the file's name where a difference is only bytecode.
BYTECODE = "bytecode, which runs in place of its source"
_LINE = re.compile(r"([0-9a-f]{64})  (?!/)([^\0\n\\]+)")


def digest(data: bytes) -> str:
    """The SHA-256 of some bytes, in hex."""
    return hashlib.sha256(data).hexdigest()


def format_sums(sums: Mapping[str, str]) -> bytes:
    """The contents of the file, sorted by path."""
    return "".join(f"{sums[path]}  {path}\n" for path in sorted(sums)).encode()


def read_sums(path: Path) -> dict[str, str]:
    """Read the file: digest by path.

    Raises:
        PortError: it is missing, malformed, or names a path outside its directory.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError as error:
        raise PortError(f"{path} is missing", hint="name a bundle's directory") from error
    except UnicodeDecodeError as error:
        raise PortError(f"{path} is not UTF-8", hint="download the bundle again") from error
    sums: dict[str, str] = {}
    for number, line in enumerate(lines, 1):
        match = _LINE.fullmatch(line)
        if not match or ".." in match[2].split("/") or match[2] in sums:
            raise PortError(
                f"{path}:{number}: not a digest of a file in this directory", hint="download the bundle again"
            )
        sums[match[2]] = match[1]
    return sums


def listed(directory: Path) -> Iterator[str]:
    """Every file below a directory, also links and bytecode, except SHA256SUMS and what scripts write."""
    for path in sorted(directory.rglob("*")):
        name = path.relative_to(directory).as_posix()
        if path.is_dir() and not path.is_symlink():
            continue
        if name not in (NAME, *WRITTEN):
            yield name


def differences(directory: Path) -> list[str]:
    """The differences between a bundle and its SHA256SUMS, one line each.

    Raises:
        PortError: see `read_sums`.
    """
    sums = read_sums(directory / NAME)
    lines = [f"{name}: {_stray(name)}" for name in listed(directory) if name not in sums]
    for name, expected in sums.items():
        path = directory / name
        if any(part.is_symlink() for part in (path, *path.parents) if part.is_relative_to(directory)):
            lines.append(f"{name}: a link")
        elif not path.is_file():
            lines.append(f"{name}: missing")
        else:
            with path.open("rb") as stream:
                if hashlib.file_digest(stream, "sha256").hexdigest() != expected:
                    lines.append(f"{name}: changed")
    return sorted(lines)


def _stray(name: str) -> str:
    """The fault of a file without a digest. Bytecode is one: Python runs it in place of the source."""
    return f"{BYTECODE}: remove it" if "__pycache__" in name.split("/") else f"not in {NAME}"
