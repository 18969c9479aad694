"""From what `--weights` names to verified files on this machine."""

from collections.abc import Callable
from pathlib import Path

from npuport.errors import PortError
from npuport.layout import Layout
from npuport.weights.checkpoint import Checkpoint, check_whole, digest, measure
from npuport.weights.spec import parse


def resolve(layout: Layout, spec: str, progress: Callable[[str], None]) -> Checkpoint:
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
    raise PortError(f"{named}: no hub is read yet", mend="download it elsewhere and give its directory")


def _directory(path: Path) -> Checkpoint:
    """A directory of the user's: whole, and hashed, so that the reports can name its contents."""
    if not path.is_dir():
        raise PortError(
            f"{path} holds no checkpoint: no such directory",
            mend="--weights DIR, or --weights hf:OWNER/NAME, modelscope:OWNER/NAME, openmind:OWNER/NAME",
        )
    check_whole(path)
    found = path.resolve()
    return Checkpoint(found, found.name, None, digest(measure(found)))
