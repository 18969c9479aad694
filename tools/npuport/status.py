"""What is there, what is stale, what differs from the lock."""

from dataclasses import dataclass

from npuport import store, trees
from npuport.errors import PortError
from npuport.layout import Layout
from npuport.lock import Lock, read_lock
from npuport.series import check_sums, read_series
from npuport.trees import TreeState


@dataclass(frozen=True)
class Line:
    """One thing that status looks at.

    Args:
        name: `pin`, `series`, `rebase`, `cache`, `ported`, `checkout` or `device`.
        state: `good`, `absent`, `stale` (made from another lock), `differs` (changed since) or `waiting` (for
            a person).
        text: what it is.
        mend: the command that puts it right; empty where it is good.
    """

    name: str
    state: str
    text: str
    mend: str = ""


@dataclass(frozen=True)
class Status:
    """All lines, and whether one of them is stale or differs."""

    lines: tuple[Line, ...]

    @property
    def good(self) -> bool:
        """Whether nothing is stale and nothing differs."""
        return all(line.state in ("good", "absent", "waiting") for line in self.lines)


def status(layout: Layout) -> Status:
    """Look at a port. Touches no network and starts nothing but git.

    Raises:
        PortError: the lock is missing or malformed.
    """
    lock = read_lock(layout.lock)
    pin = Line("pin", "good", f"{lock.commit} of {lock.url} {lock.branch}")
    lines = (
        pin,
        _series(layout, lock),
        _rebase(layout),
        _cache(layout, lock),
        _tree("ported", tree_state(layout), lock.ported_commit, lock.ported_tree),
        _tree("checkout", trees.linked(layout.checkout), lock.commit, lock.tree),
        _device(),
    )
    return Status(lines)


def tree_state(layout: Layout) -> TreeState | None:
    """What `out/ported` leads to; None where there is none."""
    return trees.linked(layout.ported)


def _series(layout: Layout, lock: Lock) -> Line:
    try:
        patches = read_series(layout.patches)
        if not lock.complete:
            return Line("series", "stale", "upstream.lock is not filled in yet", "npuport refresh")
        check_sums(lock, patches)
    except PortError as error:
        return Line("series", "differs", error.message, error.mend)
    count = len(patches)
    return Line(
        "series", "good", f"{count} patch{'' if count == 1 else 'es'}, digest {lock.series_digest[:12]}"
    )


def _rebase(layout: Layout) -> Line:
    if (layout.rebase / "session").exists():
        return Line("rebase", "waiting", "one is under way", "npuport rebase --status")
    return Line("rebase", "absent", "none is under way")


def _cache(layout: Layout, lock: Lock) -> Line:
    repository = store.cached(store.absolute_url(lock.url, layout.root))
    if not repository.is_dir():
        return Line("cache", "absent", "upstream was never fetched", "npuport port")
    if not store.has(repository, lock.commit):
        return Line("cache", "absent", f"{repository} lacks the pin", "npuport port")
    return Line("cache", "good", str(repository))


def _tree(name: str, there: TreeState | None, commit: str, tree: str) -> Line:
    command = "npuport port" if name == "ported" else ""
    if there is None:
        return Line(name, "absent", "not made yet", command or "npuport parity makes it")
    if not there.untouched:
        what = f"{len(there.edits)} local edits, {there.edits[0]}" if there.edits else "further commits"
        mend = "npuport parity, after moving it away"
        if name == "ported":
            mend = "npuport refresh makes patches of them; npuport port --force sets them aside"
        return Line(name, "differs", f"{there.path}: {what}", mend)
    if (there.commit, there.tree) != (commit, tree):
        text = f"{there.commit[:12]}, upstream.lock says {commit[:12] or 'nothing'}"
        return Line(name, "stale", text, command or "npuport parity makes it anew")
    return Line(name, "good", f"{there.commit}, tree {there.tree[:12]}")


def _device() -> Line:
    """What the parity suite would run on. Nothing is built to find out."""
    from npuport import device, simulator

    found = device.probe()
    if found.name:
        return Line("device", "good", found.name)
    try:
        directory = simulator.plan().directory
    except PortError as error:
        return Line(
            "device", "absent", f"no NPU, and the simulator cannot be built: {error.message}", error.mend
        )
    if not simulator.built(directory):
        text = f"{simulator.DEVICE_NAME}, not built yet; {found.missing}"
        return Line("device", "absent", text, "npuport sim build")
    return Line("device", "good", f"{simulator.DEVICE_NAME}; {found.missing}")
