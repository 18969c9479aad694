"""Pin a hub's model: resolve its branch, download it, verify it, write it into `weights.lock`."""

from dataclasses import dataclass
from pathlib import Path

from npuport.base.errors import PortError
from npuport.base.files import exclusive
from npuport.base.text import Progress
from npuport.port.layout import Layout
from npuport.weights import cached, hub, lock
from npuport.weights.checkpoint import check_whole
from npuport.weights.fetch import download, select
from npuport.weights.hubs import HUBS
from npuport.weights.lock import Pinned
from npuport.weights.resolve import agree, locked
from npuport.weights.spec import HubModel, is_commit, parse

#: The state of a pinned checkpoint that is not in the cache.
ABSENT = "not here"


@dataclass(frozen=True)
class Pinning:
    """The result of `pin`.

    Args:
        pinned: the model's entry in the lock.
        before: its former entry; None where there was none.
        path: the checkpoint's directory.
    """

    pinned: Pinned
    before: Pinned | None
    path: Path


def pin(layout: Layout, spec: str, revision: str | None, progress: Progress) -> Pinning:
    """Resolve a model's branch, tag or commit, fetch it, verify it, and write it into `weights.lock`.

    Args:
        revision: instead of the spec's; the default is the hub's main branch.

    Raises:
        PortError: a directory, or see `resolve`.
    """
    named = parse(spec)
    if isinstance(named, Path):
        raise PortError(f"{spec} is a directory; only a hub's model is pinned", hint=f"--weights {spec}")
    named = parse(f"{named.source}@{revision or named.revision or HUBS[named.hub].branch}")
    assert isinstance(named, HubModel)
    listing = hub.listing(named, progress)
    if not is_commit(listing.commit):
        raise PortError(
            f"{named}: the hub names no commit: {listing.commit[:60]!r}", hint="name a full commit"
        )
    files = select(named, listing)
    model = HubModel(named.hub, named.id, listing.commit)
    progress(f"{named} is {listing.commit}")
    slot = cached.place(model)
    with locked(slot, progress):
        if slot.exists:
            entries = cached.entries(slot)
            agree(model, {entry.name: entry.sha256 for entry in entries}, listing)
        else:
            entries = download(model, files, slot, None, progress)
    check_whole(slot.files)
    pinned = Pinned(model, named.revision or listing.commit, tuple(sorted(entries)))
    layout.out.mkdir(parents=True, exist_ok=True)
    with exclusive(layout.out / ".weights-lock"):
        known = lock.read(layout.weights_lock)
        before = known.get(model.source)
        known[model.source] = pinned
        lock.write(layout.weights_lock, known.values())
    return Pinning(pinned, before, slot.files)


def verify(layout: Layout, progress: Progress) -> dict[str, str]:
    """Hash every pinned checkpoint in the cache; return by source `good`, `not here` or the error."""
    states: dict[str, str] = {}
    for source, pinned in lock.read(layout.weights_lock).items():
        slot = cached.place(pinned.model)
        if not slot.exists:
            states[source] = ABSENT
            continue
        progress(f"hashing {source}")
        try:
            cached.check(slot, pinned.files, thorough=True)
            check_whole(slot.files)
            states[source] = "good"
        except PortError as error:
            states[source] = f"{error.message} — hint: {error.hint}"
    return states
