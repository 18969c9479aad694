"""Resolve `--weights`: from a directory or a model of a hub to verified files on this machine."""

import contextlib
import hashlib
from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path

from npuport.base.errors import PortError
from npuport.base.files import exclusive, staged_directory
from npuport.base.places import cache_dir
from npuport.base.text import Progress
from npuport.port.layout import Layout
from npuport.weights import hub, lock
from npuport.weights.cached import CacheSlot, check, place
from npuport.weights.checkpoint import Checkpoint, check_whole, digest, measure, names
from npuport.weights.fetch import download, select
from npuport.weights.lock import Pinned
from npuport.weights.remote import Listing, RemoteFile
from npuport.weights.spec import HubModel, parse


def resolve(layout: Layout, spec: str, progress: Progress) -> Checkpoint:
    """Return the checkpoint that a spec names, verified; download it if it is not in the cache.

    Args:
        layout: the port, whose `weights.lock` pins the hubs' models.
        spec: a directory, or `hf:ID[@REVISION]`, `modelscope:ID[@REVISION]`, `openmind:ID[@REVISION]`.

    Raises:
        PortError: it is missing, not pinned, not what is pinned, out of reach, or incomplete.
    """
    named = parse(spec)
    if isinstance(named, Path):
        return _directory(named)
    pinned = _pinned(layout, named)
    slot = place(pinned.model)
    if not slot.exists:
        with locked(slot, progress):
            if not slot.exists:
                _fetch(pinned, slot, progress)
    check(slot, pinned.files)
    return Checkpoint(slot.files, pinned.model.source, pinned.revision, pinned.digest)


def _directory(path: Path) -> Checkpoint:
    """The checkpoint in the user's directory, complete; its hash names its contents in reports."""
    if not path.is_dir():
        raise PortError(
            f"{path} holds no checkpoint: no such directory",
            hint="--weights DIR, or --weights hf:OWNER/NAME, modelscope:OWNER/NAME, openmind:OWNER/NAME",
        )
    check_whole(path)
    directory = path.resolve()
    known = digest(measure(directory))
    return Checkpoint(_without_other_files(directory, known), directory.name, None, known)


def _without_other_files(directory: Path, known: str) -> Path:
    """The directory; if it holds other files too, a directory of links to the checkpoint's files."""
    wanted = names(directory)
    if {path.name for path in directory.iterdir()} == set(wanted):
        return directory
    where = hashlib.sha256(str(directory).encode()).hexdigest()[:16]
    view = cache_dir() / "weights" / "directories" / f"{where}-{known[:16]}"
    if not view.is_dir():
        with staged_directory(view.parent) as staging:
            for name in wanted:
                (staging / name).symlink_to(directory / name)
            with contextlib.suppress(OSError):  # another process has made it
                staging.rename(view)
    return view


def _pinned(layout: Layout, named: HubModel) -> Pinned:
    pinned = lock.read(layout.weights_lock).get(named.source)
    if pinned is None:
        raise PortError(f"{named} is not in weights.lock", hint=f"npuport weights pin {named}")
    if not pinned.means(named.revision):
        raise PortError(
            f"{named} is not what weights.lock pins, {pinned.ref} at {pinned.revision[:12]}",
            hint=f"npuport weights pin {named}, or name no revision",
        )
    return pinned


def _fetch(pinned: Pinned, slot: CacheSlot, progress: Progress) -> None:
    """Download a pinned model, if the hub still has it."""
    wanted = {file.name: file.sha256 for file in pinned.files}
    listing = hub.listing(pinned.model, progress)
    if listing.commit != pinned.revision:
        raise PortError(
            f"{pinned.model}: the hub answers with {listing.commit[:60]!r}", hint="do not use it; pin another"
        )
    select(pinned.model, listing)  # it refuses impossible file names
    agree(pinned.model, wanted, listing)
    sizes = {file.name: file.size for file in pinned.files}
    files = tuple(RemoteFile(file.name, sizes[file.name]) for file in listing.files if file.name in wanted)
    download(pinned.model, files, slot, wanted, progress)


def agree(model: HubModel, entries: Mapping[str, str], listing: Listing) -> None:
    """Compare a listing with the known files.

    Args:
        entries: each file's sha256 by name.

    Raises:
        PortError: a file is missing in the listing, or has another hash.
    """
    published = {file.name: file for file in listing.files}
    for name, known in entries.items():
        if name not in published:
            raise PortError(
                f"{model}: {name} is no longer on the hub", hint=f"npuport weights pin {model.source}"
            )
        announced = published[name].sha256
        if announced is not None and announced != known:
            raise PortError(
                f"{model}: {name} on the hub is not what is pinned: sha256 {announced}, pinned {known}",
                hint="do not use it: the contents of a commit never change; check the mirror",
            )


def locked(slot: CacheSlot, progress: Progress) -> AbstractContextManager[None]:
    """Hold a slot's lock during a download; a second process waits."""
    slot.directory.parent.mkdir(parents=True, exist_ok=True)
    return exclusive(slot.lock, lambda: progress("waiting for another npuport that fetches the same model"))
