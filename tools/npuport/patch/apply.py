"""Apply patches exactly: each hunk at the line it names, on the very lines it quotes.

git would also take a hunk that has moved. npuport refuses it, since it may have moved to the wrong place, and
reports the lines that the file has instead. The tree is a dict in memory; upstream is only read.
"""

import posixpath
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from npuport import git
from npuport.base.errors import PortError
from npuport.patch.parts import FileChange, Patch

_REGULAR = ("100644", "100755")
_LINK = "120000"


@dataclass
class TreeFile:
    """A file in memory: its mode, and its lines with their ends, None where no patch needs them."""

    mode: str
    lines: list[bytes] | None


Tree = dict[str, TreeFile]


class Unfit(PortError):
    """A patch that does not apply exactly: its name, the file and the hunk's number, counted from 1."""

    def __init__(
        self, patch: str, path: str, problem: str, hint: str | None = None, *, hunk: int = 0, line: int = 0
    ) -> None:
        where = f"hunk {hunk} does not apply at {path}:{line}:" if hunk else path
        super().__init__(f"{patch}: {where} {problem}", hint=hint or f"npuport refresh, or edit {patch}")
        self.patch = patch
        self.path = path
        self.hunk = hunk


def load_tree(repository: Path, commit: str, patches: Iterable[Patch]) -> Tree:
    """The tree of a commit, with the contents of those files that patches touch."""
    entries = git.list_tree(repository, commit)
    tree = {path: TreeFile(entry.mode, None) for path, entry in entries.items()}
    touched = {
        path for patch in patches for change in patch.changes for path in (change.old, change.new) if path
    }
    wanted = sorted(path for path in touched if path in entries and entries[path].mode in _REGULAR)
    contents = git.read_objects(repository, [entries[path].oid for path in wanted])
    for path, content in zip(wanted, contents, strict=True):
        if content is None:
            hint = f"delete {repository} and run the command again"
            raise PortError(f"{path} is missing from the cached upstream", hint=hint)
        tree[path].lines = split_lines(content[1])
    return tree


def split_lines(data: bytes) -> list[bytes]:
    """Lines with their ends, ended by newline alone."""
    lines = data.split(b"\n")
    return [line + b"\n" for line in lines[:-1]] + ([lines[-1]] if lines[-1] else [])


def apply_exactly(tree: Tree, patch: Patch) -> None:
    """Apply a patch to a tree in memory: all of it or, where it does not apply, none of it.

    Raises:
        Unfit: it does not apply, with the file, the hunk, and the file's own lines.
        PortError: upstream already has the change.
    """
    changed: Tree = {}
    removed: set[str] = set()
    for change in patch.changes:
        _check_paths(tree, patch, change)
        if change.old is None:
            mode, lines = change.new_mode or "100644", []
        else:
            source = tree[change.old]
            mode, lines = change.new_mode or source.mode, source.lines or []
        lines = _apply_hunks(patch, change, lines)
        if change.old and change.old != change.new and not change.copy:
            removed.add(change.old)
        if change.new:
            changed[change.new] = TreeFile(mode, lines)
        elif lines:
            raise Unfit(patch.name, change.path, "is deleted, but not all of its lines")
    for path in removed:
        del tree[path]
    tree |= changed


def _check_paths(tree: Tree, patch: Patch, change: FileChange) -> None:
    for path in filter(None, (change.old, change.new)):
        parts = path.split("/")
        for parent in ("/".join(parts[:end]) for end in range(1, len(parts))):
            if parent in tree:
                kind = "a symbolic link" if tree[parent].mode == _LINK else "a file"
                raise Unfit(
                    patch.name, parent, f"is {kind}, not a directory", f"name another path than {path}"
                )
    if change.old:
        file = tree.get(change.old)
        if file is None:
            raise Unfit(patch.name, change.old, "does not exist", _moved_file(tree, change.old))
        if file.mode not in _REGULAR:
            kind = "a symbolic link" if file.mode == _LINK else f"of mode {file.mode}"
            raise Unfit(patch.name, change.old, f"is {kind}", "patch regular files only")
        if change.old_mode and change.old_mode != file.mode:
            raise Unfit(patch.name, change.old, f"has the mode {file.mode}, not {change.old_mode}")
    if change.new and change.new != change.old:
        leaving = {c.old for c in patch.changes if c.old != c.new and not c.copy}
        if change.new in tree and change.new not in leaving:
            added = [line for hunk in change.hunks for line in hunk.new]
            if change.old is None and tree[change.new].lines == added:
                raise merged(patch)
            raise Unfit(patch.name, change.new, "already exists")
        if any(path.startswith(f"{change.new}/") for path in tree):
            raise Unfit(patch.name, change.new, "is a directory")


def _moved_file(tree: Tree, path: str) -> str | None:
    """A hint for a file that upstream has perhaps moved."""
    same = [other for other in tree if posixpath.basename(other) == posixpath.basename(path)]
    return f"see whether upstream moved it to {same[0]}" if same else None


def _apply_hunks(patch: Patch, change: FileChange, lines: list[bytes]) -> list[bytes]:
    result: list[bytes] = []
    done = 0
    for number, hunk in enumerate(change.hunks, 1):
        start = hunk.start
        end = start + len(hunk.old)
        new_start = len(result) + start - done + (1 if hunk.new else 0)
        problem = ""
        if start < done:
            problem = "it overlaps the hunk before"
        elif tuple(lines[start:end]) != hunk.old or start > len(lines):
            raise _misfit(patch, change, lines, number)
        elif not hunk.trailing and end != len(lines):
            problem = "it ends without a line of context"
        elif new_start != hunk.new_start:
            problem = f"its new lines start at {new_start}, not at {hunk.new_start}"
        if problem:
            raise Unfit(patch.name, change.path, problem, hunk=number, line=hunk.old_start)
        result += [*lines[done:start], *hunk.new]
        done = end
    return result + lines[done:]


def _misfit(patch: Patch, change: FileChange, lines: list[bytes], number: int) -> PortError:
    """The error for a hunk whose lines are not where it says: merged, moved, or changed by upstream."""
    added = all(occurrences(lines, hunk.new) for hunk in change.hunks)
    if added and not any(occurrences(lines, hunk.old) for hunk in change.hunks):
        return merged(patch)
    hunk = change.hunks[number - 1]
    start = hunk.old_start - 1
    if len(places := occurrences(lines, hunk.old)) == 1:
        problem = f"offset of {places[0] - start:+d} lines: its lines are at {places[0] + 1}"
        hint = "npuport refresh"
        return Unfit(patch.name, change.path, problem, hint, hunk=number, line=hunk.old_start)
    problem, at = "the file is shorter", start
    for at, line in enumerate(hunk.old, start):
        actual = lines[at] if at < len(lines) else None
        if actual != line:
            instead = (
                f"found {_shown(actual)}" if actual is not None else f"the file ends at line {len(lines)}"
            )
            problem = f"expected {_shown(line)}, {instead}"
            break
    return Unfit(patch.name, change.path, problem, hunk=number, line=at + 1)


def occurrences(lines: Sequence[bytes], block: Sequence[bytes]) -> list[int]:
    """The indices, from 0, at which a block of lines starts; none if it has no lines."""
    starts = []
    at = -1
    while block:
        try:
            at = lines.index(block[0], at + 1)
        except ValueError:
            break
        if list(lines[at : at + len(block)]) == list(block):
            starts.append(at)
    return starts


def _shown(line: bytes) -> str:
    text = line.decode(errors="backslashreplace")
    shown = text.removesuffix("\n")
    shown = shown if len(shown) <= 60 else f"{shown[:57]}..."
    return f"`{shown}`" if text.endswith("\n") else f"`{shown}` without a newline"


def merged(patch: Patch) -> PortError:
    """The error for a patch that upstream has taken."""
    return PortError(
        f"{patch.name}: upstream already has this change, the patch would make no commit",
        hint=f"remove {patch.name} from patches/ and from its series, then npuport refresh",
    )
