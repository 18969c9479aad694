"""`weights.lock`: the exact trained checkpoints of a port. YAML on disk, frozen entries in memory.

format: 1
weights:
  - source: "hf:owner/name"
    ref: the branch, tag or commit that `npuport weights pin` resolved
    revision: its commit then
    digest: see `checkpoint.digest`
    files: [{name, size, sha256}, ...]
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from npuport.base.errors import PortError
from npuport.base.files import write_atomically
from npuport.base.strict import read_yaml
from npuport.weights.checkpoint import HashedFile, counts, digest
from npuport.weights.spec import HubModel, is_commit, parse, wrong_revision

FORMAT = 1
_HEADER = """\
# Trained weights, exactly. `npuport weights pin` writes it; `npuport weights verify` proves the cache.
"""


@dataclass(frozen=True)
class Pinned:
    """One pinned checkpoint.

    Args:
        model: hub, id and commit.
        ref: the branch, tag or commit that was resolved.
        files: sorted by name.
    """

    model: HubModel
    ref: str
    files: tuple[HashedFile, ...]

    @property
    def revision(self) -> str:
        """The commit, 40 hex digits."""
        return self.model.revision or ""

    @property
    def digest(self) -> str:
        return digest(self.files)

    @property
    def size(self) -> int:
        """The size of all files, in bytes."""
        return sum(file.size for file in self.files)

    def means(self, revision: str | None) -> bool:
        """Whether a revision in a spec is this one: the ref, the commit, or its first 7 digits or more."""
        if revision is None or revision in (self.revision, self.ref):
            return True
        return len(revision) >= 7 and self.revision.startswith(revision)


def read(path: Path) -> dict[str, Pinned]:
    """Read the pinned checkpoints, by source; none where there is no file.

    Raises:
        PortError: it is malformed; the message names the line.
    """
    try:
        text = path.read_bytes().decode("utf-8")
    except FileNotFoundError:
        return {}
    except UnicodeDecodeError as error:
        raise PortError(f"{path} is not UTF-8", hint="save it as UTF-8") from error
    return parse_lock(text, str(path))


def write(path: Path, pinned: Iterable[Pinned]) -> None:
    """Replace a lock file. Equal checkpoints give equal bytes."""
    write_atomically(path, format_lock(pinned).encode())


def format_lock(pinned: Iterable[Pinned]) -> str:
    """The text of a lock, sorted by source; every string is quoted, so that no id is read as a number."""
    quoted: Callable[[str], str] = json.dumps
    entries = sorted(pinned, key=lambda one: one.model.source)
    lines = [f"format: {FORMAT}", "weights:" if entries else "weights: []"]
    for one in entries:
        lines += [
            f"  - source: {quoted(one.model.source)}",
            f"    ref: {quoted(one.ref)}",
            f"    revision: {quoted(one.revision)}",
            f"    digest: {quoted(one.digest)}",
            "    files:",
        ]
        for file in sorted(one.files):
            lines += [f"      - name: {quoted(file.name)}", f"        size: {file.size}"]
            lines += [f"        sha256: {quoted(file.sha256)}"]
    return _HEADER + "\n".join(lines) + "\n"


@dataclass
class _Weights:
    source: str
    ref: str
    revision: str
    digest: str
    files: list[HashedFile]


@dataclass
class _WeightsFile:
    format: int
    weights: list[_Weights]


def parse_lock(text: str, where: str = "weights.lock") -> dict[str, Pinned]:
    """Return the checkpoints of a lock's text, by source; `where` names it in errors.

    Raises:
        PortError: see `read`.
    """
    hint = "npuport weights pin SPEC writes it anew; or take it back from version control"
    document = read_yaml(text, _WeightsFile, where, hint)
    if (version := document.value.format) != FORMAT:
        raise PortError(f"{where}: format {version}, this npuport reads {FORMAT}", hint="update npuport")
    checkpoints: dict[str, Pinned] = {}
    for number, entry in enumerate(document.value.weights):
        for key, problem in _problems(entry):
            raise document.fault(f"weights[{number}]{key}", problem)
        if entry.source in checkpoints:
            raise document.fault(f"weights[{number}]", f"is listed twice: {entry.source}")
        hub, _, name = entry.source.partition(":")
        model = HubModel(hub, name, entry.revision)
        checkpoints[entry.source] = Pinned(model, entry.ref, tuple(sorted(entry.files)))
    return checkpoints


def _problems(entry: _Weights) -> Iterator[tuple[str, str]]:
    """Every key of an entry whose value cannot be right, and why."""
    try:
        model = parse(entry.source)
        if not isinstance(model, HubModel) or model.revision is not None:
            yield ".source", f"is not HUB:OWNER/NAME: {entry.source[:80]!r}"
    except PortError as error:
        yield ".source", error.message
    if wrong_revision(entry.ref):
        yield ".ref", f"is not a branch, tag or commit: {entry.ref[:80]!r}"
    if not is_commit(entry.revision):
        yield ".revision", f"is not a full commit id, 40 hex digits: {entry.revision[:80]!r}"
    if not entry.files or len({file.name for file in entry.files}) != len(entry.files):
        yield ".files", "lists no file, or one twice"
    for number, file in enumerate(entry.files):
        if not counts(file.name):
            yield f".files[{number}].name", f"is not a checkpoint's file: {file.name[:80]!r}"
        if file.size < 0:
            yield f".files[{number}].size", f"is not a size: {file.size}"
        if not re.fullmatch(r"[0-9a-f]{64}", file.sha256):
            yield f".files[{number}].sha256", f"is not a sha256, 64 hex digits: {file.sha256[:80]!r}"
    if entry.digest != digest(tuple(sorted(entry.files))):
        yield ".digest", "is not the digest of the files"
