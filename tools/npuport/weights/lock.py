"""`weights.lock`: which trained checkpoints a port uses, exactly. YAML on disk, frozen entries in memory.

format: 1
weights:
  - source: "hf:owner/name"
    ref: what `npuport weights pin` was asked for
    revision: the commit that it was
    digest: see `checkpoint.digest`
    files: [{name, size, sha256}, ...]
"""

import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from npuport.base.errors import PortError
from npuport.base.files import write_atomically
from npuport.weights.checkpoint import Entry, counts, digest
from npuport.weights.spec import HubModel, is_commit, parse, wrong_revision

FORMAT = 1
_HEADER = """\
# Trained weights, exactly. `npuport weights pin` writes it; `npuport weights verify` proves the cache.
"""
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Pinned:
    """One checkpoint, every field checked.

    Args:
        model: hub, id and commit.
        ref: the branch, tag or commit that was asked for when it was pinned.
        files: sorted by name.
    """

    model: HubModel
    ref: str
    files: tuple[Entry, ...]

    @property
    def revision(self) -> str:
        """The commit, 40 hex digits."""
        return self.model.revision or ""

    @property
    def digest(self) -> str:
        """Of the files."""
        return digest(self.files)

    @property
    def size(self) -> int:
        """Of all files, in bytes."""
        return sum(file.size for file in self.files)

    def means(self, revision: str | None) -> bool:
        """Whether a revision in a spec is this one: its commit, seven digits of it or more, or the ref."""
        if revision is None or revision in (self.revision, self.ref):
            return True
        return len(revision) >= 7 and self.revision.startswith(revision)


def read(path: Path) -> dict[str, Pinned]:
    """The pinned checkpoints by source; none where there is no file.

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
    """The text of a lock, sorted by source. Every string is quoted, so that no id can be read as a number."""
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


def parse_lock(text: str, where: str = "weights.lock") -> dict[str, Pinned]:
    """The checkpoints of a lock's text; `where` names it in errors.

    Raises:
        PortError: see `read`.
    """
    reader = _Reader(where)
    root = reader.root(text)
    fields = reader.mapping(root, {"format", "weights"})
    if (version := reader.integer(fields["format"])) != FORMAT:
        raise PortError(f"{where}: format {version}, this npuport reads {FORMAT}", hint="update npuport")
    found: dict[str, Pinned] = {}
    for node in reader.sequence(fields["weights"]):
        one = reader.pinned(node)
        if one.model.source in found:
            raise reader.wrong(node, f"{one.model.source} is listed twice")
        found[one.model.source] = one
    return found


class _Reader:
    """Strict reading of YAML nodes, which know their lines."""

    def __init__(self, where: str) -> None:
        self.where = where

    def wrong(self, node: Any, what: str) -> PortError:
        return PortError(
            f"{self.where}, line {node.start_mark.line + 1}: {what}",
            hint="npuport weights pin SPEC writes it anew; or take it back from version control",
        )

    def root(self, text: str) -> Any:
        import yaml  # type: ignore[import-untyped, unused-ignore]

        try:
            node = yaml.compose(text, Loader=yaml.SafeLoader)
        except yaml.MarkedYAMLError as error:
            line = error.problem_mark.line + 1 if error.problem_mark else 1
            raise PortError(
                f"{self.where}, line {line}: {error.problem or 'not YAML'}",
                hint="take it back from version control",
            ) from error
        except yaml.YAMLError as error:
            raise PortError(f"{self.where} is not YAML", hint="take it back from version control") from error
        if node is None:
            raise PortError(f"{self.where} is empty", hint="remove it, or npuport weights pin SPEC")
        return node

    def mapping(self, node: Any, keys: set[str]) -> dict[str, Any]:
        """A mapping with exactly these keys."""
        if node.id != "mapping":
            raise self.wrong(node, f"here belongs a mapping of {', '.join(sorted(keys))}")
        found: dict[str, Any] = {}
        for key, value in node.value:
            if key.value not in keys or key.value in found:
                known = "twice" if key.value in found else "unknown"
                raise self.wrong(key, f"the key {str(key.value)[:40]!r} is {known}")
            found[key.value] = value
        if missing := keys - found.keys():
            raise self.wrong(node, f"{', '.join(sorted(missing))} is missing")
        return found

    def sequence(self, node: Any) -> list[Any]:
        if node.id != "sequence":
            raise self.wrong(node, "here belongs a list")
        return list(node.value)

    def string(self, node: Any) -> str:
        if node.id != "scalar" or not node.tag.endswith(":str"):
            raise self.wrong(node, "here belongs text, in quotes")
        return str(node.value)

    def integer(self, node: Any) -> int:
        if node.id != "scalar" or not re.fullmatch(r"[0-9]{1,18}", node.value) or node.style:
            raise self.wrong(node, "here belongs a whole number")
        return int(node.value)

    def matched(self, node: Any, good: Callable[[str], object], what: str) -> str:
        """A string that is good, else: the value is not `what`."""
        text = self.string(node)
        if not good(text):
            raise self.wrong(node, f"{text[:80]!r} is not {what}")
        return text

    def pinned(self, node: Any) -> Pinned:
        fields = self.mapping(node, {"source", "ref", "revision", "digest", "files"})
        source = self.string(fields["source"])
        try:
            model = parse(source)
        except PortError as error:
            raise self.wrong(fields["source"], error.message) from error
        if not isinstance(model, HubModel) or model.revision is not None:
            raise self.wrong(fields["source"], f"{source[:80]!r} is not HUB:OWNER/NAME")
        revision = self.matched(fields["revision"], is_commit, "a full commit id, 40 hex digits")
        ref = self.matched(fields["ref"], lambda text: not wrong_revision(text), "a branch, tag or commit")
        files = [self.file(file) for file in self.sequence(fields["files"])]
        if not files or len({file.name for file in files}) != len(files):
            raise self.wrong(fields["files"], "no files, or one twice")
        one = Pinned(HubModel(model.hub, model.id, revision), ref, tuple(sorted(files)))
        if self.string(fields["digest"]) != one.digest:
            raise self.wrong(fields["digest"], "the digest is not that of the files")
        return one

    def file(self, node: Any) -> Entry:
        fields = self.mapping(node, {"name", "size", "sha256"})
        return Entry(
            self.matched(fields["name"], counts, "a checkpoint's file"),
            self.integer(fields["size"]),
            self.matched(fields["sha256"], _SHA256.fullmatch, "a sha256, 64 hex digits"),
        )
