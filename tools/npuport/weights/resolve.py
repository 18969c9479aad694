"""From what `--weights` names to verified files on this machine."""

import contextlib
import hashlib
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from pathlib import Path

from npuport.base.errors import PortError
from npuport.base.files import exclusive, staged_directory
from npuport.base.places import cache_dir
from npuport.port.layout import Layout
from npuport.weights import hub, lock
from npuport.weights.cached import CacheSlot, check, place
from npuport.weights.checkpoint import Checkpoint, check_whole, digest, measure, names
from npuport.weights.fetch import download, select
from npuport.weights.lock import Pinned
from npuport.weights.remote import Listing, RemoteFile
from npuport.weights.spec import HubModel, parse

Progress = Callable[[str], None]


def resolve(layout: Layout, spec: str, progress: Progress) -> Checkpoint:
    """The checkpoint that a spec names, verified; fetched where it is not in the cache.

    Args:
        layout: the port, whose `weights.lock` says what a hub's id means.
        spec: a directory, or `hf:ID[@REVISION]`, `modelscope:ID[@REVISION]`, `openmind:ID[@REVISION]`.

    Raises:
        PortError: no such checkpoint, not pinned, not what was pinned, out of reach, or not whole.
    """
    named = parse(spec)
    if isinstance(named, Path):
        return _directory(named)
    pinned = _pinned(layout, named)
    found = place(pinned.model)
    if not found.there:
        with making(found, progress):
            if not found.there:
                _fetch(pinned, found, progress)
    check(found, pinned.files)
    return Checkpoint(found.files, pinned.model.source, pinned.revision, pinned.digest)


def _directory(path: Path) -> Checkpoint:
    """A directory of the user's: whole, and hashed, so that the reports can name its contents."""
    if not path.is_dir():
        raise PortError(
            f"{path} holds no checkpoint: no such directory",
            hint="--weights DIR, or --weights hf:OWNER/NAME, modelscope:OWNER/NAME, openmind:OWNER/NAME",
        )
    check_whole(path)
    found = path.resolve()
    known = digest(measure(found))
    return Checkpoint(_only_what_counts(found, known), found.name, None, known)


def _only_what_counts(directory: Path, known: str) -> Path:
    """The directory itself, or, where more lies in it (a clone, pickles, code), links to what counts."""
    wanted = names(directory)
    if {path.name for path in directory.iterdir()} == set(wanted):
        return directory
    where = hashlib.sha256(str(directory).encode()).hexdigest()[:16]
    view = cache_dir() / "weights" / "directories" / f"{where}-{known[:16]}"
    if not view.is_dir():
        with staged_directory(view.parent) as staging:
            for name in wanted:
                (staging / name).symlink_to(directory / name)
            with contextlib.suppress(OSError):  # another has made it meanwhile
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


def _fetch(pinned: Pinned, found: CacheSlot, progress: Progress) -> None:
    """Fetch what is pinned, after a look whether the hub still has it."""
    wanted = {file.name: file.sha256 for file in pinned.files}
    listing = hub.listing(pinned.model, progress)
    if listing.commit != pinned.revision:
        raise PortError(
            f"{pinned.model}: the hub answers with {listing.commit[:60]!r}", hint="do not use it; pin another"
        )
    select(pinned.model, listing)  # names that no repository has
    agree(pinned.model, wanted, listing)
    sizes = {file.name: file.size for file in pinned.files}
    files = tuple(RemoteFile(file.name, sizes[file.name]) for file in listing.files if file.name in wanted)
    download(pinned.model, files, found, wanted, progress)


def agree(model: HubModel, entries: Mapping[str, str], listing: Listing) -> None:
    """Refuse a listing that has not the files we know.

    Args:
        entries: each file's sha256 by name.
    """
    published = {file.name: file for file in listing.files}
    for name, known in entries.items():
        if name not in published:
            raise PortError(
                f"{model}: {name} is gone from the hub", hint=f"npuport weights pin {model.source}"
            )
        announced = published[name].sha256
        if announced is not None and announced != known:
            raise PortError(
                f"{model}: {name} on the hub is not what is pinned: sha256 {announced}, pinned {known}",
                hint="a commit never changes: do not use it; look who serves it",
            )


def making(found: CacheSlot, progress: Progress) -> AbstractContextManager[None]:
    """Hold a place's lock while what belongs there is fetched; a second process waits."""
    found.directory.parent.mkdir(parents=True, exist_ok=True)
    return exclusive(found.lock, lambda: progress("waiting for another npuport that fetches the same"))
