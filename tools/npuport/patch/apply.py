"""Whether patches apply exactly: each hunk at the line it names, on the very lines it quotes.

git would also take a hunk that has moved. We refuse it, since a hunk that moved may have moved to the wrong
place, and say what stands there instead. The tree is a dict in memory; upstream is only read.
"""

import posixpath
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from npuport import git
from npuport.base.errors import PortError
from npuport.patch.diff import FileChange
from npuport.patch.mail import Patch

_REGULAR = ("100644", "100755")
_LINK = "120000"


@dataclass
class File:
    """A file of the tree in memory: its mode, its lines with their ends, None until they are needed."""

    mode: str
    lines: list[bytes] | None


Tree = dict[str, File]


class Unfit(PortError):
    """A patch that does not apply exactly: its name, the file and the hunk's number, counted from 1."""

    def __init__(self, patch: str, path: str, problem: str, hint: str | None = None, hunk: int = 0) -> None:
        where = f"{path}, hunk {hunk}" if hunk else path
        super().__init__(
            f"{patch} does not apply: {where}: {problem}", hint=hint or f"npuport refresh, or edit {patch}"
        )
        self.patch = patch
        self.path = path
        self.hunk = hunk


def load_tree(repository: Path, commit: str, patches: Iterable[Patch]) -> Tree:
    """The tree of a commit, with the contents of those files that patches touch."""
    entries = git.list_tree(repository, commit)
    tree = {path: File(entry.mode, None) for path, entry in entries.items()}
    touched = {
        path for patch in patches for change in patch.changes for path in (change.old, change.new) if path
    }
    wanted = sorted(path for path in touched if path in entries and entries[path].mode in _REGULAR)
    contents = git.read_objects(repository, [entries[path].oid for path in wanted])
    for path, found in zip(wanted, contents, strict=True):
        if found is None:
            raise PortError(
                f"{path} is missing from the cached upstream", hint=f"delete {repository} and try again"
            )
        tree[path].lines = split_lines(found[1])
    return tree


def split_lines(data: bytes) -> list[bytes]:
    """Lines with their ends, ended by newline alone."""
    lines = data.split(b"\n")
    return [line + b"\n" for line in lines[:-1]] + ([lines[-1]] if lines[-1] else [])


def apply_exactly(tree: Tree, patch: Patch) -> None:
    """Apply a patch to a tree in memory, all of it or, where it does not fit, none of it.

    Raises:
        Unfit: it does not fit, with the file, the hunk, and what stands there instead.
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
            changed[change.new] = File(mode, lines)
        elif lines:
            raise Unfit(patch.name, change.path, "it deletes the file, but not all of its lines")
    for path in removed:
        del tree[path]
    tree |= changed


def _check_paths(tree: Tree, patch: Patch, change: FileChange) -> None:
    for path in filter(None, (change.old, change.new)):
        for parent in _parents(path):
            if parent in tree:
                kind = "a symbolic link" if tree[parent].mode == _LINK else "a file"
                raise Unfit(patch.name, path, f"{parent} is {kind}, not a directory", "name the file itself")
    if change.old:
        there = tree.get(change.old)
        if there is None:
            raise Unfit(patch.name, change.old, "there is no such file", _elsewhere(tree, change.old))
        if there.mode not in _REGULAR:
            kind = "a symbolic link" if there.mode == _LINK else f"of mode {there.mode}"
            raise Unfit(patch.name, change.old, f"it is {kind}", "patch regular files only")
        if change.old_mode and change.old_mode != there.mode:
            raise Unfit(patch.name, change.old, f"its mode is {there.mode}, not {change.old_mode}")
    if change.new and change.new != change.old:
        leaving = {c.old for c in patch.changes if c.old != c.new and not c.copy}
        if change.new in tree and change.new not in leaving:
            done = change.old is None and tree[change.new].lines == [
                line for h in change.hunks for line in h.new
            ]
            raise merged(patch) if done else Unfit(patch.name, change.new, "the file is there already")
        if any(path.startswith(f"{change.new}/") for path in tree):
            raise Unfit(patch.name, change.new, "it is a directory")


def _parents(path: str) -> list[str]:
    parts = path.split("/")
    return ["/".join(parts[:end]) for end in range(1, len(parts))]


def _elsewhere(tree: Tree, path: str) -> str | None:
    """A hint for a file that upstream has perhaps moved."""
    same = [other for other in tree if posixpath.basename(other) == posixpath.basename(path)]
    return f"see whether upstream moved it to {same[0]}" if same else None


def _apply_hunks(patch: Patch, change: FileChange, lines: list[bytes]) -> list[bytes]:
    result: list[bytes] = []
    done = 0
    for number, hunk in enumerate(change.hunks, 1):
        start = hunk.old_start - 1 if hunk.old else hunk.old_start
        if start < done:
            raise Unfit(patch.name, change.path, "it overlaps the hunk before", hunk=number)
        if tuple(lines[start : start + len(hunk.old)]) != hunk.old or start > len(lines):
            raise _misfit(patch, change, lines, number)
        if not hunk.trailing and start + len(hunk.old) != len(lines):
            raise Unfit(patch.name, change.path, "it ends without a line of context", hunk=number)
        result += lines[done:start]
        if len(result) != (hunk.new_start - 1 if hunk.new else hunk.new_start):
            problem = f"it says {hunk.header}, but its new lines start at {len(result) + 1}"
            raise Unfit(patch.name, change.path, problem, hunk=number)
        result += hunk.new
        done = start + len(hunk.old)
    return result + lines[done:]


def _misfit(patch: Patch, change: FileChange, lines: list[bytes], number: int) -> PortError:
    """The error for a hunk that is not where it says: merged, moved, or met by other lines."""
    hunk = change.hunks[number - 1]
    if all(occurrences(lines, h.new) for h in change.hunks) and not any(
        occurrences(lines, h.old) for h in change.hunks
    ):
        return merged(patch)
    start = hunk.old_start - 1
    elsewhere = occurrences(lines, hunk.old)
    if len(elsewhere) == 1:
        moved = elsewhere[0] - start
        problem = (
            f"offset of {moved:+d} lines: what it changes at line {hunk.old_start} is at {elsewhere[0] + 1}"
        )
        return Unfit(patch.name, change.path, problem, "npuport refresh", number)
    for at, line in enumerate(hunk.old, start):
        there = lines[at] if at < len(lines) else None
        if there != line:
            stands = (
                f"there stands {_shown(there)}"
                if there is not None
                else f"the file ends at line {len(lines)}"
            )
            problem = f"line {at + 1} should be {_shown(line)}, but {stands}"
            return Unfit(patch.name, change.path, problem, hunk=number)
    return Unfit(patch.name, change.path, "the file is shorter", hunk=number)


def occurrences(lines: Sequence[bytes], block: Sequence[bytes]) -> list[int]:
    """Where a block of lines stands, indices from 0; nowhere, if it has no lines."""
    found = []
    at = -1
    while block:
        try:
            at = lines.index(block[0], at + 1)
        except ValueError:
            break
        if list(lines[at : at + len(block)]) == list(block):
            found.append(at)
    return found


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
