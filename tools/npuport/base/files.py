"""State on disk: built in a staging directory, published by one rename, guarded by one lock file.

A directory with its final name is complete. A process that is killed leaves at most a staging directory,
which the next process removes. The builder holds a lock on it, so that it is not removed meanwhile.
"""

import contextlib
import errno
import fcntl
import os
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path

STAGING = ".staging-"


@contextlib.contextmanager
def exclusive(path: Path, waiting: Callable[[], None] = lambda: None) -> Iterator[None]:
    """Hold a lock file; the system frees it when the process ends, also by a kill.

    Args:
        path: the lock file; made, with its directory, where it is missing, and never removed.
        waiting: called once if another process holds it.
    """
    from filelock import FileLock, Timeout  # late: `npuport port` with nothing to do takes no lock

    path.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(path)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        waiting()
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


@contextlib.contextmanager
def staged_directory(parent: Path) -> Iterator[Path]:
    """Make an empty directory to build in; at the end it is removed, or what `publish` put in its place."""
    parent.mkdir(parents=True, exist_ok=True)
    directory, handle = _own_directory(parent)
    directory.chmod(0o777 & ~_umask())  # mkdtemp's 0700 would outlive the rename
    try:
        yield directory
    finally:
        remove_tree(directory)
        os.close(handle)


def _own_directory(parent: Path) -> tuple[Path, int]:
    """A new directory, and the handle that holds its lock."""
    import tempfile

    while True:
        directory = Path(tempfile.mkdtemp(prefix=STAGING, dir=parent))
        try:
            handle = os.open(directory, os.O_RDONLY)
        except FileNotFoundError:  # another process removed it before it was locked
            continue
        fcntl.flock(handle, fcntl.LOCK_EX)
        if directory.exists():
            return directory, handle
        os.close(handle)


def has_staging(parent: Path) -> bool:
    """Whether a killed process has left a staging directory."""
    return next(_abandoned(parent), None) is not None


def clean_staging(parent: Path) -> None:
    """Remove the staging directories of killed processes. The caller holds the lock of their builders."""
    for stale in _abandoned(parent):
        remove_tree(stale)


def _abandoned(parent: Path) -> Iterator[Path]:
    """The staging directories of killed processes, each locked while the caller has it."""
    for directory in parent.glob(f"{STAGING}*"):
        try:
            handle = os.open(directory, os.O_RDONLY)
        except FileNotFoundError:
            continue
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield directory
        except BlockingIOError:
            continue
        finally:
            os.close(handle)


def remove_tree(directory: Path) -> None:
    """Remove a directory with its read-only files; a missing directory is not an error."""
    for delay in (0, 0, 0.05, 0.2, 1.0):  # the git of a killed process may still be writing
        time.sleep(delay)
        shutil.rmtree(directory, ignore_errors=True)
        if not directory.exists():
            return


def retire(directory: Path, staging: Path) -> None:
    """Remove a published directory: first its name, in one step, then its contents, below `staging`."""
    with staged_directory(staging) as grave:
        directory.rename(grave / "tree")


def write_atomically(path: Path, data: bytes) -> None:
    """Replace a file's contents in one step: a reader sees the old contents or the new ones."""
    import tempfile

    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fchmod(handle, 0o666 & ~_umask())
            os.fsync(handle)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def sync(path: Path) -> None:
    """Wait until a file's contents, or a directory's names, are on the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def replace_link(link: Path, target: Path) -> None:
    """Let a symbolic link point to a target, by a relative path, in one step."""
    import tempfile

    link.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=STAGING, dir=link.parent) as directory:
        fresh = Path(directory) / "link"
        fresh.symlink_to(os.path.relpath(target, link.parent))
        fresh.replace(link)


def publish(staged: Path, target: Path) -> None:
    """Give a finished directory its final name, in one step.

    Args:
        staged: the directory; where the target exists already, the two swap names, so that the old one
            is at `staged` afterwards.
        target: the final name.
    """
    if target.is_dir():
        _exchange(staged, target)
    else:
        target.parent.mkdir(parents=True, exist_ok=True)
        staged.rename(target)


def _exchange(one: Path, other: Path) -> None:
    """Swap the names of two directories; in one step where the system can (Linux, most file systems)."""
    import ctypes

    at_cwd, rename_exchange = -100, 2
    renameat2 = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if renameat2 is not None:
        if renameat2(at_cwd, os.fsencode(one), at_cwd, os.fsencode(other), rename_exchange) == 0:
            return
        if ctypes.get_errno() not in (errno.EINVAL, errno.ENOSYS, errno.ENOTSUP):
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), str(one))
    aside = one.with_name(f"{one.name}.swap")
    one.rename(aside)
    other.rename(one)
    aside.rename(other)


def _umask() -> int:
    mask = os.umask(0o022)
    os.umask(mask)
    return mask
