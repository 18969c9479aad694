"""The state of a port: which parts are missing, stale, or different from the lock."""

from dataclasses import dataclass

from npuport import simulator
from npuport.base.errors import PortError
from npuport.device import choose
from npuport.port import trees, upstream
from npuport.port.layout import Layout
from npuport.port.lock import Lock, read_lock
from npuport.port.series import check_sums, read_series
from npuport.port.trees import TreeState


@dataclass(frozen=True)
class StatusLine:
    """The state of one part.

    Args:
        name: `pin`, `series`, `rebase`, `cache`, `ported`, `checkout` or `device`.
        state: `good`, `absent`, `stale` (made from another lock), `differs` (edited since) or `waiting` (for
            the user).
        text: its ids, its place, or what is wrong.
        hint: the command that fixes it; empty where it is good.
    """

    name: str
    state: str
    text: str
    hint: str = ""


@dataclass(frozen=True)
class Status:
    """The state of every part."""

    lines: tuple[StatusLine, ...]

    @property
    def good(self) -> bool:
        """Whether nothing is stale and nothing differs."""
        return all(line.state in ("good", "absent", "waiting") for line in self.lines)


def status(layout: Layout) -> Status:
    """Return a port's state, without the network; only git is started.

    Raises:
        PortError: the lock is missing or malformed.
    """
    lock = read_lock(layout.lock)
    lines = (
        StatusLine("pin", "good", f"{lock.commit} of {lock.url} {lock.branch}"),
        _series(layout, lock),
        _rebase(layout),
        _cache(layout, lock),
        _tree("ported", trees.linked(layout.ported), lock.ported_commit, lock.ported_tree),
        _tree("checkout", trees.linked(layout.checkout), lock.commit, lock.tree),
        _device(),
    )
    return Status(lines)


def _series(layout: Layout, lock: Lock) -> StatusLine:
    try:
        patches = read_series(layout.patches)
        if not lock.complete:
            return StatusLine("series", "stale", "upstream.lock is not filled in yet", "npuport refresh")
        check_sums(lock, patches)
    except PortError as error:
        return StatusLine("series", "differs", error.message, error.hint)
    count = len(patches)
    return StatusLine(
        "series", "good", f"{count} patch{'' if count == 1 else 'es'}, digest {lock.series_digest[:12]}"
    )


def _rebase(layout: Layout) -> StatusLine:
    if (layout.rebase / "session").exists():
        return StatusLine("rebase", "waiting", "one is in progress", "npuport rebase --status")
    return StatusLine("rebase", "absent", "none is in progress")


def _cache(layout: Layout, lock: Lock) -> StatusLine:
    repository = upstream.cached(upstream.absolute_url(lock.url, layout.root))
    if not repository.is_dir():
        return StatusLine("cache", "absent", "upstream was never fetched", "npuport port")
    if not upstream.has(repository, lock.commit):
        return StatusLine("cache", "absent", f"{repository} lacks the pin", "npuport port")
    return StatusLine("cache", "good", str(repository))


def _tree(name: str, state: TreeState | None, commit: str, tree: str) -> StatusLine:
    command = "npuport port" if name == "ported" else ""
    if state is None:
        return StatusLine(name, "absent", "not made yet", command or "npuport parity makes it")
    if not state.untouched:
        what = f"{len(state.edits)} local edits, {state.edits[0]}" if state.edits else "further commits"
        hint = "npuport parity, after moving it away"
        if name == "ported":
            hint = "npuport refresh makes patches of them; npuport port --force sets them aside"
        return StatusLine(name, "differs", f"{state.path}: {what}", hint)
    if (state.commit, state.tree) != (commit, tree):
        text = f"{state.commit[:12]}, upstream.lock says {commit[:12] or 'nothing'}"
        return StatusLine(name, "stale", text, command or "npuport parity makes it anew")
    return StatusLine(name, "good", f"{state.commit}, tree {state.tree[:12]}")


def _device() -> StatusLine:
    """Where the parity suite would run; nothing is built."""
    npu = choose.probe()
    if npu.name:
        return StatusLine("device", "good", npu.name)
    try:
        directory = simulator.plan().directory
    except PortError as error:
        return StatusLine(
            "device", "absent", f"no NPU, and the simulator cannot be built: {error.message}", error.hint
        )
    if not simulator.built(directory):
        text = f"{simulator.DEVICE_NAME}, not built yet; {npu.missing}"
        return StatusLine("device", "absent", text, "npuport sim build")
    return StatusLine("device", "good", f"{simulator.DEVICE_NAME}; {npu.missing}")
