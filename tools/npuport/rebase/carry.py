"""Carry a series to a pin, patch by patch: the verdicts, the new series, and the commits that it makes.

How a patch is made to fit is the caller's: `merge` carries a series from one pin to another, `edit.derive`
makes the patches exact at the pin that they have. Patches become commits as `npuport port` makes them, so
that the work tree in the end is the ported tree.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from npuport import git
from npuport.patch.apply import apply_exactly, load_tree
from npuport.patch.commits import Batch
from npuport.patch.parts import Patch
from npuport.port.build import series_commits
from npuport.port.layout import Layout
from npuport.port.lock import Lock, format_lock, remember
from npuport.port.publication import publish_files
from npuport.port.series import SERIES, PatchFile, digest, format_series
from npuport.rebase.verdict import Verdict

#: The verdict on a patch, and the patch as it goes on; None where it leaves the series or needs a decision.
Fit = Callable[[Patch], tuple[Verdict, Patch | None]]


class Stack:
    """The new series on its pin: files in memory, and a work tree where patches become commits in batches.

    Args:
        repository: holds the pin.
        target: the pin.
        patches: the series as it was; the files that it touches are loaded at once.
        directory: of the work tree, which is made.
    """

    def __init__(self, repository: Path, target: str, patches: Sequence[Patch], directory: Path) -> None:
        directory.mkdir()
        git.work_tree(repository, directory, target)
        self.directory = directory
        self.files = load_tree(repository, target, patches)
        self._target = target
        self._waiting = Batch()  # patches in memory that are not in the work tree yet
        self._count = 0

    def take(self, patch: Patch) -> None:
        """Apply a patch in memory; `flush` makes its commit."""
        self.load(patch)
        apply_exactly(self.files, patch)
        self._waiting.add(patch, self.files)
        self._count += 1

    def load(self, patch: Patch) -> None:
        """Read the files that a patch touches and no patch before it did."""
        paths = {path for change in patch.changes for path in (change.old, change.new) if path}
        missing = {path for path in paths & self.files.keys() if self.files[path].lines is None}
        if missing:
            head = load_tree(self.directory, "HEAD", [patch])
            self.files |= {path: head[path] for path in missing & head.keys()}

    def flush(self) -> None:
        """Make commits of the patches that are not in the work tree yet."""
        self._waiting.commit(self.directory)

    def top(self) -> tuple[str, str]:
        """The last commit and its tree.

        Raises:
            PortError: git made another number of commits than there are patches.
        """
        self.flush()
        commits = series_commits(self.directory, self._target, self._count)
        if commits:
            return commits[-1].id, commits[-1].tree
        tree = git.read_objects(self.directory, [f"{self._target}^{{tree}}"])[0]
        assert tree is not None
        return self._target, tree[0]


@dataclass(frozen=True)
class Carried:
    """A series on a pin, as far as it goes without a decision.

    Args:
        verdicts: one for each patch, in order; the last one needs a decision if `stopped`.
        series: the new series, so far.
        commit: its last commit, checked out in the work tree.
        tree: that commit's tree id.
        stopped: whether a patch needs a decision; the work tree then holds its conflict markers.
    """

    verdicts: tuple[Verdict, ...]
    series: tuple[PatchFile, ...]
    commit: str
    tree: str
    stopped: bool

    def lock(self, pinned: Lock) -> Lock:
        """The lock of the new series; `pinned` is a lock of its pin."""
        entries = tuple(file.entry for file in self.series)
        return replace(
            pinned,
            series_digest=digest(entries),
            patches=entries,
            ported_commit=self.commit,
            ported_tree=self.tree,
        )

    def changes(self, layout: Layout, before: Sequence[PatchFile], lock: Lock) -> dict[str, bytes | None]:
        """The files of a port that the new series changes, by path; None for a patch that goes.

        Args:
            before: the series as it is on disk.
            lock: the new lock.
        """
        index = (layout.patches / SERIES).read_text(encoding="utf-8")
        names = [file.name for file in self.series]
        files: dict[str, bytes | None] = {
            f"patches/{file.name}": None for file in before if file.name not in names
        }
        files |= {f"patches/{file.name}": file.data for file in self.series}
        files[f"patches/{SERIES}"] = format_series(index, names).encode()
        files["upstream.lock"] = format_lock(lock).encode()
        return {path: data for path, data in files.items() if _read(layout.root / path) != data}


def carry(stack: Stack, patches: Sequence[Patch], fit: Fit, *, ahead: bool = False) -> Carried:
    """Put a series on a stack, patch by patch.

    Args:
        fit: makes a patch fit the stack.
        ahead: do not stop at a patch that needs a decision. The series is useless then; the verdicts are
            what to expect.
    """
    series: list[PatchFile] = []
    verdicts: list[Verdict] = []
    for patch in patches:
        verdict, fresh = fit(patch)
        verdicts.append(verdict)
        if fresh:
            stack.take(fresh)
            series.append(PatchFile(patch.name, fresh.data))
        if verdict.needs_person and not ahead:
            break
    stopped = any(verdict.needs_person for verdict in verdicts)
    return Carried(tuple(verdicts), tuple(series), *stack.top(), stopped)


def publish_port(
    layout: Layout, lock: Lock, files: Mapping[str, bytes | None], retired: Sequence[Path] = ()
) -> None:
    """Make a new port the port, all its files at once; see `publish_files`."""
    remember(lock)
    publish_files(layout, files, retired)


def _read(path: Path) -> bytes | None:
    return path.read_bytes() if path.is_file() else None
