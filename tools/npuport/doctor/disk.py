"""Room for what the harness makes."""

import os
import shutil
from pathlib import Path

from npuport.base.places import cache_dir
from npuport.doctor.finding import Finding

#: Bytes: an upstream clone, two trees, a simulator, a few captures.
NEEDED = 2 << 30


def disk(needed: int = NEEDED) -> Finding:
    """The cache's directory: writable, and on a disk with so many bytes of room."""
    cache = cache_dir()
    standing = nearest(cache)
    if not os.access(standing, os.W_OK | os.X_OK):
        return Finding(
            "cache, disk", "wrong", f"{standing} is not writable", "NPUPORT_CACHE=<a directory of yours>"
        )
    free = shutil.disk_usage(standing).free
    found = f"{cache}, {free / 2**30:.1f} GiB free"
    if free < needed:
        hint = "free some space, or NPUPORT_CACHE=<a directory on another disk>"
        return Finding("cache, disk", "wrong", f"{found}; {needed >> 30} GiB are needed", hint)
    return Finding("cache, disk", "good", found)


def nearest(path: Path) -> Path:
    """A path, or the nearest directory above it that exists."""
    return next(directory for directory in (path, *path.parents) if directory.exists())
