"""`upstream.lock`: what is ported, exactly. YAML on disk, a frozen Lock in memory.

    format: 1
    upstream: {url, branch, commit, tree}
    license: {file, sha256}
    series: {digest, patches: [{name, sha256}, ...]}
    ported: {commit, tree}

A person writes url, branch and commit; `npuport refresh` fills in the rest, and until then it may be empty.
"""

import contextlib
import hashlib
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from npuport import __version__
from npuport.base.errors import PortError
from npuport.base.files import write_atomically
from npuport.base.places import cache_dir

FORMAT = 1
#: Stands for the licence's sha256 where upstream has no such file at the pin.
NO_LICENSE = "none"
_HEADER = """\
# What is ported, exactly. `npuport refresh` writes it anew after a change in patches/;
# `npuport verify` proves it. To move the pin, change the commit, empty the tree, and refresh.
"""


@dataclass(frozen=True)
class PatchEntry:
    """A patch's name and the sha256 of its bytes."""

    name: str
    sha256: str


@dataclass(frozen=True)
class Lock:
    """The contents of `upstream.lock`, every field checked; an empty string is a field not yet filled in.

    Args:
        url: where upstream is; a relative path is relative to the port's directory.
        branch: the branch that the commit was taken from.
        commit: the pin, 40 hex digits.
        tree: its tree id.
        license_file: the path of upstream's licence in the tree.
        license_sha256: of that file; `none` where upstream has no such file at the pin.
        series_digest: see `series.digest`.
        patches: the series, in order.
        ported_commit: the commit that the series ends in.
        ported_tree: its tree id.
    """

    url: str
    branch: str
    commit: str
    tree: str
    license_file: str
    license_sha256: str
    series_digest: str
    patches: tuple[PatchEntry, ...]
    ported_commit: str
    ported_tree: str

    @property
    def complete(self) -> bool:
        """Whether every field is filled in, so that the lock can be ported."""
        return all((self.tree, self.license_sha256, self.series_digest, self.ported_commit, self.ported_tree))


def read_lock(path: Path) -> Lock:
    """Read a lock and check every field of it.

    Raises:
        PortError: it is missing or malformed; the message names the line or the key.
    """
    try:
        text = path.read_bytes().decode("utf-8")
    except (FileNotFoundError, IsADirectoryError) as error:
        raise PortError(f"{path} is missing", hint="name a port's directory with --port DIR") from error
    except UnicodeDecodeError as error:
        raise PortError(f"{path} is not UTF-8", hint="save it as UTF-8") from error
    return parse_lock(text, str(path))


def parse_lock(text: str, where: str = "upstream.lock") -> Lock:
    """A lock from its text; `where` names it in errors.

    Raises:
        PortError: see `read_lock`.
    """
    fields = _load(text, where)
    if fields["format"] != FORMAT:
        raise PortError(
            f"{where}: format {fields['format']}, this npuport reads {FORMAT}", hint="update npuport"
        )
    upstream, license_, series, ported = (fields[key] for key in ("upstream", "license", "series", "ported"))
    lock = Lock(
        url=upstream["url"],
        branch=upstream["branch"],
        commit=upstream["commit"],
        tree=upstream["tree"],
        license_file=license_["file"],
        license_sha256=license_["sha256"],
        series_digest=series["digest"],
        patches=tuple(PatchEntry(entry["name"], entry["sha256"]) for entry in series["patches"]),
        ported_commit=ported["commit"],
        ported_tree=ported["tree"],
    )
    _check(lock, where)
    return lock


def _load(text: str, where: str) -> dict[str, Any]:
    """The fields of a lock, through its schema; from the cache where this very text was read before.

    The schema's libraries take longer to import than a port that is up to date takes to check.
    """
    memo = _memo(text)
    with contextlib.suppress(OSError, ValueError):
        known: dict[str, Any] = json.loads(memo.read_bytes())
        return known
    from npuport.port.lockschema import load

    fields = load(text, where)
    with contextlib.suppress(OSError):  # a cache that cannot be written is slow, no more
        write_atomically(memo, json.dumps(fields).encode())
    return fields


def _memo(text: str) -> Path:
    key = hashlib.sha256(f"{__version__}\n{text}".encode()).hexdigest()
    return cache_dir() / "locks" / f"{key}.json"


def remember(lock: Lock) -> None:
    """Keep what the text of a lock says, so that whoever reads it next need not ask the schema."""
    fields = {
        "format": FORMAT,
        "upstream": {"url": lock.url, "branch": lock.branch, "commit": lock.commit, "tree": lock.tree},
        "license": {"file": lock.license_file, "sha256": lock.license_sha256},
        "series": {
            "digest": lock.series_digest,
            "patches": [{"name": entry.name, "sha256": entry.sha256} for entry in lock.patches],
        },
        "ported": {"commit": lock.ported_commit, "tree": lock.ported_tree},
    }
    with contextlib.suppress(OSError):
        write_atomically(_memo(format_lock(lock)), json.dumps(fields).encode())


def write_lock(path: Path, lock: Lock) -> None:
    """Replace a lock file. Equal locks give equal bytes."""
    write_atomically(path, format_lock(lock).encode())


def format_lock(lock: Lock) -> str:
    """The text of a lock. Every string is quoted, so that no id can be read as a number."""
    quoted: Callable[[str], str] = json.dumps
    lines = [
        f"format: {FORMAT}",
        "upstream:",
        f"  url: {quoted(lock.url)}",
        f"  branch: {quoted(lock.branch)}",
        f"  commit: {quoted(lock.commit)}",
        f"  tree: {quoted(lock.tree)}",
        "license:",
        f"  file: {quoted(lock.license_file)}",
        f"  sha256: {quoted(lock.license_sha256)}",
        "series:",
        f"  digest: {quoted(lock.series_digest)}",
        "  patches:" if lock.patches else "  patches: []",
    ]
    for entry in lock.patches:
        lines += [f"    - name: {quoted(entry.name)}", f"      sha256: {quoted(entry.sha256)}"]
    lines += ["ported:", f"  commit: {quoted(lock.ported_commit)}", f"  tree: {quoted(lock.ported_tree)}"]
    return _HEADER + "\n".join(lines) + "\n"


def _check(lock: Lock, where: str) -> None:
    """Raise for the first field that cannot be right."""
    checks: list[tuple[str, str, Callable[[str], str | None]]] = [
        ("upstream.url", lock.url, _wrong_url),
        ("upstream.branch", lock.branch, _wrong_branch),
        ("upstream.commit", lock.commit, _wrong_pin),
        ("upstream.tree", lock.tree, _wrong_id),
        ("license.file", lock.license_file, _wrong_path),
        ("license.sha256", lock.license_sha256, _wrong_license),
        ("series.digest", lock.series_digest, _wrong_sha256),
        ("ported.commit", lock.ported_commit, _wrong_id),
        ("ported.tree", lock.ported_tree, _wrong_id),
    ]
    for number, entry in enumerate(lock.patches):
        checks.append((f"series.patches[{number}].name", entry.name, wrong_patch_name))
        checks.append((f"series.patches[{number}].sha256", entry.sha256, _wrong_sha256))
    for key, value, wrong in checks:
        if problem := wrong(value):
            raise PortError(f"{where}: {key} {problem}: {value[:80]!r}", hint=f"correct {key} in {where}")
    names = [entry.name for entry in lock.patches]
    for name in names:
        if names.count(name) > 1:
            raise PortError(f"{where}: {name} is listed twice", hint="npuport refresh")


def _wrong_url(url: str) -> str | None:
    """What is wrong with a url. Nothing that git could take for an option, a program or a secret."""
    if not url or url.startswith("-") or "::" in url or re.search(r"[\x00-\x20\x7f]", url):
        return "is not a repository's url or path"
    scheme = re.match(r"([A-Za-z][A-Za-z0-9+.-]*)://", url)
    if scheme and scheme[1] not in ("https", "http", "ssh", "git", "file"):
        return "has a scheme other than https, http, ssh, git and file"
    if re.match(r"[a-z]+://[^/@]*:[^/@]*@", url):
        return "holds a password, which belongs into git's credential store"
    return None


def _wrong_branch(name: str) -> str | None:
    """What is wrong with a branch's name, by the rules of git check-ref-format."""
    parts = name.split("/")
    if (
        not name
        or name == "@"
        or name.startswith("-")
        or re.search(r"[\x00-\x20\x7f~^:?*\[\\]|\.\.|@\{", name)
        or any(not part or part.startswith(".") or part.endswith((".lock", ".")) for part in parts)
    ):
        return "is not a branch's name"
    return None


def _wrong_pin(commit: str) -> str | None:
    return None if re.fullmatch(r"[0-9a-f]{40}", commit) else "is not a full commit id, 40 hex digits"


def _wrong_id(oid: str) -> str | None:
    return None if re.fullmatch(r"(?:[0-9a-f]{40})?", oid) else "is not a full object id, 40 hex digits"


def _wrong_sha256(digest: str) -> str | None:
    return None if re.fullmatch(r"(?:[0-9a-f]{64})?", digest) else "is not a sha256, 64 hex digits"


def _wrong_license(digest: str) -> str | None:
    return None if digest == NO_LICENSE else _wrong_sha256(digest)


def _wrong_path(path: str) -> str | None:
    parts = path.split("/")
    if not path or any(part in ("", ".", "..") for part in parts) or re.search(r"[\x00-\x1f\x7f]", path):
        return "is not a path inside the tree"
    return None


def wrong_patch_name(name: str) -> str | None:
    """What is wrong with a patch's file name; None where nothing is."""
    if re.fullmatch(r"[0-9]{4}-[A-Za-z0-9][A-Za-z0-9._+-]*\.patch", name):
        return None
    return "is not of the form NNNN-what-it-does.patch"
