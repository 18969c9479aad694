"""SHA256SUMS: every file of a bundle, as `sha256sum --check` reads it."""

import hashlib
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from npuport.base.errors import PortError

NAME = "SHA256SUMS"
#: What the bundle's own scripts leave beside it.
LEFT = ("verify.json", "benchmark.json")
#: How a difference that is only bytecode begins, after the file's name.
BYTECODE = "bytecode, which runs in place of its source"
_LINE = re.compile(r"([0-9a-f]{64})  (?!/)([^\0\n\\]+)")


def digest(data: bytes) -> str:
    """The sha256 of some bytes."""
    return hashlib.sha256(data).hexdigest()


def format_sums(sums: Mapping[str, str]) -> bytes:
    """The file's contents, sorted by path."""
    return "".join(f"{sums[path]}  {path}\n" for path in sorted(sums)).encode()


def read_sums(path: Path) -> dict[str, str]:
    """Digest by path.

    Raises:
        PortError: it is missing, malformed, or names a path outside its directory.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError as error:
        raise PortError(f"{path} is missing", hint="name a bundle's directory") from error
    except UnicodeDecodeError as error:
        raise PortError(f"{path} is not UTF-8", hint="get the bundle anew") from error
    sums: dict[str, str] = {}
    for number, line in enumerate(lines, 1):
        match = _LINE.fullmatch(line)
        if not match or ".." in match[2].split("/") or match[2] in sums:
            raise PortError(
                f"{path}:{number}: no sum of a file in this directory", hint="get the bundle anew"
            )
        sums[match[2]] = match[1]
    return sums


def listed(directory: Path) -> Iterator[str]:
    """Every file below a directory, links and bytecode too, but the sums and what the scripts leave."""
    for path in sorted(directory.rglob("*")):
        name = path.relative_to(directory).as_posix()
        if path.is_dir() and not path.is_symlink():
            continue
        if name not in (NAME, *LEFT):
            yield name


def differences(directory: Path) -> list[str]:
    """What in a bundle is not as its sums say; one line each.

    Raises:
        PortError: see `read_sums`.
    """
    sums = read_sums(directory / NAME)
    found = [f"{name}: {_stray(name)}" for name in listed(directory) if name not in sums]
    for name, expected in sums.items():
        path = directory / name
        if any(part.is_symlink() for part in (path, *path.parents) if part.is_relative_to(directory)):
            found.append(f"{name}: a link")
        elif not path.is_file():
            found.append(f"{name}: missing")
        else:
            with path.open("rb") as stream:
                if hashlib.file_digest(stream, "sha256").hexdigest() != expected:
                    found.append(f"{name}: changed")
    return sorted(found)


def _stray(name: str) -> str:
    """What is wrong with a file that the sums do not have. Python runs bytecode in place of the source."""
    return f"{BYTECODE}: remove it" if "__pycache__" in name.split("/") else f"not in {NAME}"
