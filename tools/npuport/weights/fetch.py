"""Download a checkpoint from a hub into the cache: resumed, verified, published by a rename."""

import json
import shutil
import time
from collections.abc import Iterable, Mapping
from pathlib import Path

from npuport import git
from npuport.base.errors import PortError
from npuport.base.files import remove_tree
from npuport.base.text import Progress
from npuport.weights import hub
from npuport.weights.cached import CacheSlot, write_stamp
from npuport.weights.checkpoint import HashedFile, check_whole, counts, names, sha256
from npuport.weights.header import INDEX, SUFFIX
from npuport.weights.remote import Listing, RemoteFile
from npuport.weights.spec import HubModel

#: The file of a checkpoint that is not sharded; loaders prefer it to an index.
_SINGLE = f"model{SUFFIX}"
#: The incomplete files of all three clients.
_PART = "*.incomplete"
#: Seconds between two lines of progress.
_PERIOD = 5.0


def select(model: HubModel, listing: Listing) -> tuple[RemoteFile, ...]:
    """The files of a listing that belong to the checkpoint.

    Raises:
        PortError: there are no safetensors, or a path leads out of the directory.
    """
    for file in listing.files:
        parts = file.name.split("/")
        if file.size < 0 or not file.name.isprintable() or {"", ".", ".."} & set(parts) or "\\" in file.name:
            raise PortError(f"{model} lists an impossible file name: {file.name!r}", hint="do not use it")
    if len({file.name for file in listing.files}) != len(listing.files):
        raise PortError(f"{model} lists a file twice", hint="do not use it")
    wanted = tuple(file for file in listing.files if counts(file.name))
    if not any(file.name.endswith(SUFFIX) for file in wanted):
        others = sorted(
            (file for file in listing.files if not counts(file.name)), key=lambda file: -file.size
        )
        held = ", ".join(file.name for file in others[:4]) or "nothing"
        raise PortError(
            f"{model} has no {SUFFIX} file at the top, and pickles are not loaded; it has {held}",
            hint="if you trust it, convert it with save_pretrained, and name the directory: --weights DIR",
        )
    if any(file.name == _SINGLE for file in wanted):
        return tuple(
            file for file in wanted if not file.name.endswith((SUFFIX, INDEX)) or file.name == _SINGLE
        )
    return wanted


def download(
    model: HubModel,
    files: tuple[RemoteFile, ...],
    slot: CacheSlot,
    pinned: Mapping[str, str] | None,
    progress: Progress,
) -> tuple[HashedFile, ...]:
    """Download files into a cache slot. The caller holds the slot's lock.

    Args:
        model: its revision is a commit.
        pinned: the sha256 that each file must have, by name; None while the model is being pinned.

    Returns:
        The files, with their hashes.

    Raises:
        PortError: the hub cannot be reached or refuses, or a file is not what was announced or pinned.
    """
    into, scratch = slot.ready / "files", slot.part / "client"
    for directory in (into, scratch):
        directory.mkdir(parents=True, exist_ok=True)
    tensors = [file for file in files if file.name.endswith(SUFFIX)]
    if any(file.name.endswith(INDEX) for file in files):
        _get(model, [file for file in files if file not in tensors], slot, lambda _: None)
        tensors = _sharded(model, into, tensors)
    files = tuple(file for file in files if file in tensors or not file.name.endswith(SUFFIX))
    _get(model, files, slot, progress)
    for name in set(names(into)) - {file.name for file in files}:
        (into / name).unlink()
    entries = tuple(_verified(model, into / file.name, file, pinned) for file in files)
    try:
        check_whole(into)
    except PortError as error:
        remove_tree(slot.part)
        raise PortError(
            f"{model}: {error.message}", hint="choose another revision, or report it to the owner"
        ) from error
    for entry in entries:
        (into / entry.name).chmod(0o444)
    write_stamp(slot.ready, entries)
    slot.ready.rename(slot.directory)
    remove_tree(slot.part)
    return entries


def _sharded(model: HubModel, into: Path, tensors: list[RemoteFile]) -> list[RemoteFile]:
    """The tensors' files that the index names; all of them if there is no index."""
    indexes = [name for name in names(into) if name.endswith(INDEX)]
    if not indexes:
        return tensors
    shards: set[str] = set()
    for name in indexes:
        try:
            shards |= {str(shard) for shard in json.loads((into / name).read_bytes())["weight_map"].values()}
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            (into / name).unlink()
            raise PortError(f"{model}: {name} has no weight_map", hint="choose another revision") from error
    if missing := sorted(shards - {file.name for file in tensors}):
        raise PortError(
            f"{model}: {indexes[0]} names {missing[0][:80]!r}, which the repository lacks",
            hint="choose another revision, or report it to the owner",
        )
    return [file for file in tensors if file.name in shards]


def _get(model: HubModel, files: Iterable[RemoteFile], slot: CacheSlot, progress: Progress) -> None:
    into = slot.ready / "files"
    left = tuple(file for file in files if not (into / file.name).is_file())
    if not left:
        return
    already = _bytes(slot.part / "client", _PART)
    total = sum(file.size for file in left)
    if (free := shutil.disk_usage(into).free) < total - already:
        raise PortError(
            f"{model} needs {size(total - already)}, {size(free)} are free in {into.parent}",
            hint="free some disk space, or name another cache with NPUPORT_CACHE",
        )
    resumed = f", {size(already)} of them already here" if already else ""
    progress(f"fetching {model.source} at {(model.revision or '')[:12]}: {size(total)}{resumed}")
    before = _bytes(into) + already
    started = last = time.monotonic()

    def look() -> None:
        nonlocal last
        now = time.monotonic()
        if now - last >= _PERIOD:
            last = now
            done = _bytes(into) + _bytes(slot.part / "client", _PART) - before
            progress(f"  {size(already + done)} of {size(total)}, {size(int(done / (now - started)))}/s")

    hub.get(model, left, into, slot.part / "client", look)


def _verified(model: HubModel, path: Path, file: RemoteFile, pinned: Mapping[str, str] | None) -> HashedFile:
    """Return a downloaded file with its hash; a wrong one is removed, so that it is fetched again."""
    actual = sha256(path)
    wrong = ""
    if pinned is not None and actual != pinned[file.name]:
        wrong = f"is not what is pinned: sha256 {actual}, pinned {pinned[file.name]}"
    elif file.sha256 is not None and actual != file.sha256:
        wrong = f"is not what the hub announces: sha256 {actual}, announced {file.sha256}"
    elif path.stat().st_size != file.size:
        wrong = f"is not what the hub announces: {path.stat().st_size} bytes, announced {file.size}"
    elif file.blob is not None and (blob := _blob(path)) != file.blob:
        wrong = f"is not what the hub announces: git id {blob}, announced {file.blob}"
    if wrong:
        path.unlink()
        raise PortError(
            f"{model}: {file.name} {wrong}", hint="run it again; if the error stays, do not use the model"
        )
    return HashedFile(file.name, file.size, actual)


def _blob(path: Path) -> str:
    """The git object id of a file's contents."""
    hashed = git.blob_hash(path.stat().st_size)
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            hashed.update(block)
    return hashed.hexdigest()


def _bytes(directory: Path, pattern: str = "*") -> int:
    """The size of the files below a directory; files may appear and vanish meanwhile."""
    total = 0
    for path in directory.rglob(pattern):
        try:
            total += path.lstat().st_size if path.is_file() and not path.is_symlink() else 0
        except FileNotFoundError:
            continue
    return total


def size(count: int) -> str:
    """A number of bytes as text: `2.34 GB`."""
    value = float(count)
    for unit in ("B", "kB", "MB"):
        if value < 1000:
            return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"
        value /= 1000
    return f"{value:.2f} GB"
