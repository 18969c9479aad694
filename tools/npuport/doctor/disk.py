"""Disk space for the cache."""

import os
import shutil
from pathlib import Path

from npuport.base.places import cache_dir
from npuport.doctor.check import Check

#: Bytes: an upstream clone, two trees, a simulator, a few captures.
NEEDED = 2 << 30


def disk(needed: int = NEEDED) -> Check:
    """Check that the cache's directory is writable and has so many bytes free."""
    cache = cache_dir()
    standing = nearest(cache)
    if not os.access(standing, os.W_OK | os.X_OK):
        return Check(
            "cache, disk", "wrong", f"{standing} is not writable", "NPUPORT_CACHE=<a directory of yours>"
        )
    free = shutil.disk_usage(standing).free
    found = f"{cache}, {free / 2**30:.1f} GiB free"
    if free < needed:
        hint = "free some space, or NPUPORT_CACHE=<a directory on another disk>"
        return Check("cache, disk", "wrong", f"{found}; {needed >> 30} GiB are needed", hint)
    return Check("cache, disk", "good", found)


def nearest(path: Path) -> Path:
    """A path, or the nearest directory above it that exists."""
    return next(directory for directory in (path, *path.parents) if directory.exists())
