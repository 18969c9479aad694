"""Pinning: what a branch of a hub is today, fetched, verified, written into `weights.lock`."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from npuport.base.errors import PortError
from npuport.base.files import exclusive
from npuport.port.layout import Layout
from npuport.weights import cached, hub, lock
from npuport.weights.checkpoint import check_whole
from npuport.weights.fetch import download, select
from npuport.weights.hubs import HUBS
from npuport.weights.lock import Pinned
from npuport.weights.resolve import agree, making
from npuport.weights.spec import HubModel, is_commit, parse

Progress = Callable[[str], None]


@dataclass(frozen=True)
class Pinning:
    """What `pin` did.

    Args:
        pinned: what the lock says now.
        before: what it said of the same source; None where it said nothing.
        path: the checkpoint's directory.
    """

    pinned: Pinned
    before: Pinned | None
    path: Path


def pin(layout: Layout, spec: str, revision: str | None, progress: Progress) -> Pinning:
    """Resolve a model's branch, tag or commit, fetch it, verify it, and write it into `weights.lock`.

    Args:
        revision: in place of one in the spec; the hub's default branch where neither names one.

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
    found = cached.place(model)
    with making(found, progress):
        if found.there:
            entries = cached.entries(found)
            agree(model, {entry.name: entry.sha256 for entry in entries}, listing)
        else:
            entries = download(model, files, found, None, progress)
    check_whole(found.files)
    pinned = Pinned(model, named.revision or listing.commit, tuple(sorted(entries)))
    layout.out.mkdir(parents=True, exist_ok=True)
    with exclusive(layout.out / ".weights-lock"):
        known = lock.read(layout.weights_lock)
        before = known.get(model.source)
        known[model.source] = pinned
        lock.write(layout.weights_lock, known.values())
    return Pinning(pinned, before, found.files)


def verify(layout: Layout, progress: Progress) -> dict[str, str]:
    """Hash every pinned checkpoint that is in the cache: by source, `good`, `not here`, or what is wrong."""
    said: dict[str, str] = {}
    for source, pinned in lock.read(layout.weights_lock).items():
        found = cached.place(pinned.model)
        if not found.there:
            said[source] = "not here"
            continue
        progress(f"hashing {source}")
        try:
            cached.check(found, pinned.files, thorough=True)
            check_whole(found.files)
            said[source] = "good"
        except PortError as error:
            said[source] = f"{error.message} — hint: {error.hint}"
    return said
