"""What is there, what is stale, what differs from the lock."""

from dataclasses import dataclass

from npuport.base.errors import PortError
from npuport.port import trees, upstream
from npuport.port.layout import Layout
from npuport.port.lock import Lock, read_lock
from npuport.port.series import check_sums, read_series
from npuport.port.trees import TreeState


@dataclass(frozen=True)
class Line:
    """One thing that status looks at.

    Args:
        name: `pin`, `series`, `rebase`, `cache`, `ported`, `checkout` or `device`.
        state: `good`, `absent`, `stale` (made from another lock), `differs` (changed since) or `waiting` (for
            a person).
        text: what it is.
        hint: the command that puts it right; empty where it is good.
    """

    name: str
    state: str
    text: str
    hint: str = ""


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
        return Line("series", "differs", error.message, error.hint)
    count = len(patches)
    return Line(
        "series", "good", f"{count} patch{'' if count == 1 else 'es'}, digest {lock.series_digest[:12]}"
    )


def _rebase(layout: Layout) -> Line:
    if (layout.rebase / "session").exists():
        return Line("rebase", "waiting", "one is under way", "npuport rebase --status")
    return Line("rebase", "absent", "none is under way")


def _cache(layout: Layout, lock: Lock) -> Line:
    repository = upstream.cached(upstream.absolute_url(lock.url, layout.root))
    if not repository.is_dir():
        return Line("cache", "absent", "upstream was never fetched", "npuport port")
    if not upstream.has(repository, lock.commit):
        return Line("cache", "absent", f"{repository} lacks the pin", "npuport port")
    return Line("cache", "good", str(repository))


def _tree(name: str, there: TreeState | None, commit: str, tree: str) -> Line:
    command = "npuport port" if name == "ported" else ""
    if there is None:
        return Line(name, "absent", "not made yet", command or "npuport parity makes it")
    if not there.untouched:
        what = f"{len(there.edits)} local edits, {there.edits[0]}" if there.edits else "further commits"
        hint = "npuport parity, after moving it away"
        if name == "ported":
            hint = "npuport refresh makes patches of them; npuport port --force sets them aside"
        return Line(name, "differs", f"{there.path}: {what}", hint)
    if (there.commit, there.tree) != (commit, tree):
        text = f"{there.commit[:12]}, upstream.lock says {commit[:12] or 'nothing'}"
        return Line(name, "stale", text, command or "npuport parity makes it anew")
    return Line(name, "good", f"{there.commit}, tree {there.tree[:12]}")


def _device() -> Line:
    """What the parity suite would run on. Nothing is built to find out."""
    from npuport import simulator
    from npuport.device import choose

    found = choose.probe()
    if found.name:
        return Line("device", "good", found.name)
    try:
        directory = simulator.plan().directory
    except PortError as error:
        return Line(
            "device", "absent", f"no NPU, and the simulator cannot be built: {error.message}", error.hint
        )
    if not simulator.built(directory):
        text = f"{simulator.DEVICE_NAME}, not built yet; {found.missing}"
        return Line("device", "absent", text, "npuport sim build")
    return Line("device", "good", f"{simulator.DEVICE_NAME}; {found.missing}")
