"""`upstream.lock`: the exact upstream, series and result of a port. YAML on disk, a frozen Lock in memory.

    format: 1
    upstream: {url, branch, commit, tree}
    license: {file, sha256}
    series: {digest, patches: [{name, sha256}, ...]}
    ported: {commit, tree}

The user writes url, branch and commit; `npuport refresh` fills in the rest, which may be empty until then.
"""

import contextlib
import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from npuport import __version__
from npuport.base.errors import PortError
from npuport.base.files import write_atomically
from npuport.base.places import cache_dir
from npuport.port import lockrules

FORMAT = 1
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
    """The contents of `upstream.lock`, checked; an empty string is a field that is not yet filled in.

    Args:
        url: of upstream; a relative path is relative to the port's directory.
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
        """Whether every field is filled in."""
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
    """Return the lock of a text; `where` names it in errors.

    Raises:
        PortError: see `read_lock`.
    """
    with contextlib.suppress(OSError, ValueError, TypeError, KeyError):
        known = json.loads(_memo(text).read_bytes())
        lock = Lock(**known | {"patches": tuple(PatchEntry(**entry) for entry in known["patches"])})
        if next(_problems(lock), None) is None:
            return lock
    # late: OmegaConf and PyYAML take longer to import than a port with nothing to do takes to check
    from npuport.port.lockfile import read_lockfile

    document = read_lockfile(text, where)
    file = document.value
    if file.format != FORMAT:
        raise PortError(f"{where}: format {file.format}, this npuport reads {FORMAT}", hint="update npuport")
    lock = Lock(
        url=file.upstream.url,
        branch=file.upstream.branch,
        commit=file.upstream.commit,
        tree=file.upstream.tree,
        license_file=file.license.file,
        license_sha256=file.license.sha256,
        series_digest=file.series.digest,
        patches=tuple(PatchEntry(entry.name, entry.sha256) for entry in file.series.patches),
        ported_commit=file.ported.commit,
        ported_tree=file.ported.tree,
    )
    for key, problem in _problems(lock):
        raise document.fault(key, problem)
    _remember(text, lock)
    return lock


def remember(lock: Lock) -> None:
    """Keep a lock for the next `parse_lock` of its text, which then needs no schema."""
    _remember(format_lock(lock), lock)


def _remember(text: str, lock: Lock) -> None:
    with contextlib.suppress(OSError):  # without a cache each reading takes its time
        write_atomically(_memo(text), json.dumps(asdict(lock)).encode())


def _memo(text: str) -> Path:
    shape = f"{__version__} {' '.join(field.name for field in fields(Lock))}"  # a cache outlives a version
    key = hashlib.sha256(f"{shape}\n{text}".encode()).hexdigest()
    return cache_dir() / "locks" / f"{key}.json"


def _problems(lock: Lock) -> Iterator[tuple[str, str]]:
    """Every key whose value cannot be right, and why."""
    checks: list[tuple[str, str, Callable[[str], str | None]]] = [
        ("upstream.url", lock.url, lockrules.wrong_url),
        ("upstream.branch", lock.branch, lockrules.wrong_branch),
        ("upstream.commit", lock.commit, lockrules.wrong_pin),
        ("upstream.tree", lock.tree, lockrules.wrong_id),
        ("license.file", lock.license_file, lockrules.wrong_path),
        ("license.sha256", lock.license_sha256, lockrules.wrong_license),
        ("series.digest", lock.series_digest, lockrules.wrong_sha256),
        ("ported.commit", lock.ported_commit, lockrules.wrong_id),
        ("ported.tree", lock.ported_tree, lockrules.wrong_id),
    ]
    for number, entry in enumerate(lock.patches):
        checks.append((f"series.patches[{number}].name", entry.name, lockrules.wrong_patch_name))
        checks.append((f"series.patches[{number}].sha256", entry.sha256, lockrules.wrong_sha256))
    for key, value, wrong in checks:
        if problem := wrong(value):
            yield key, f"{problem}: {value[:80]!r}"
    names = [entry.name for entry in lock.patches]
    for number, name in enumerate(names):
        if name in names[:number]:
            yield f"series.patches[{number}]", f"is listed twice: {name}"


def write_lock(path: Path, lock: Lock) -> None:
    """Replace a lock file. Equal locks give equal bytes."""
    write_atomically(path, format_lock(lock).encode())


def format_lock(lock: Lock) -> str:
    """The text of a lock; every string is quoted, so that no id is read as a number."""
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
