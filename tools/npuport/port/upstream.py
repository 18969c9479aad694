"""The cache of upstream: one bare clone for each url, fetched only when the pinned commit is missing.

`NPUPORT_MIRROR` names a directory or a url that holds mirrors. For upstream `https://host/owner/name` these
are tried, in order: `<mirror>/owner/name.git`, `<mirror>/owner/name`, `<mirror>/name.git`, `<mirror>/name`.
With a mirror set, upstream itself is not asked. A mirror need not be trusted: the pin is a content hash.
"""

import contextlib
import hashlib
import os
import re
from collections.abc import Callable
from pathlib import Path

from npuport import git
from npuport.base.errors import PortError
from npuport.base.files import clean_staging, exclusive, staged_directory
from npuport.base.places import cache_dir
from npuport.base.text import Progress, silent
from npuport.git.process import GitFailed
from npuport.port.layout import Layout
from npuport.port.lock import Lock


def ensure(layout: Layout, lock: Lock, *, offline: bool = False, progress: Progress = silent) -> Path:
    """Return a bare repository that holds the pinned commit; clone or fetch upstream if necessary.

    Args:
        offline: do not use the network.

    Raises:
        PortError: upstream cannot be reached, or does not have the commit.
    """
    repository = cached(absolute_url(lock.url, layout.root))
    if repository.is_dir() and has(repository, lock.commit):
        return repository
    if offline:
        raise PortError(
            f"commit {lock.commit[:12]} of {lock.url} is not in the cache", hint="run once without --offline"
        )
    with exclusive(repository.with_suffix(".lock"), lambda: progress("waiting for another npuport to fetch")):
        if not (repository.is_dir() and has(repository, lock.commit)):
            sources = _update(layout, lock, repository, progress)
            if not has(repository, lock.commit):
                _fetch_commit(lock, sources, repository, progress)
            git.keep(repository, lock.commit)
    return repository


def update(layout: Layout, lock: Lock, *, offline: bool = False, progress: Progress = silent) -> Path:
    """Return a bare repository with everything that upstream has now.

    It holds the old pin if the cache or upstream has it, even without a branch that leads to it.

    Args:
        offline: return the cached one.

    Raises:
        PortError: upstream cannot be reached, or, offline, was never cloned.
    """
    repository = cached(absolute_url(lock.url, layout.root))
    if offline:
        if not repository.is_dir():
            raise PortError(f"{lock.url} is not in the cache", hint="run once without --offline")
        return repository
    with exclusive(repository.with_suffix(".lock"), lambda: progress("waiting for another npuport to fetch")):
        if repository.is_dir() and has(repository, lock.commit):
            git.keep(repository, lock.commit)  # before a fetch removes its branch
        sources = _update(layout, lock, repository, progress)
        if not has(repository, lock.commit):
            with contextlib.suppress(PortError):
                _fetch_commit(lock, sources, repository, progress)
        if has(repository, lock.commit):
            git.keep(repository, lock.commit)
    return repository


def _update(layout: Layout, lock: Lock, repository: Path, progress: Progress) -> list[str]:
    """Clone upstream, or fetch all of it; return the places that were tried. The caller holds the lock."""
    staging = repository.parent / "staging" / repository.stem  # the lock is that of one repository
    clean_staging(staging)
    url = absolute_url(lock.url, layout.root)
    sources = mirrors(url) or [url]
    if repository.is_dir():
        _fetch(lock, sources, repository, progress)
    else:
        _clone(lock, sources, repository, staging, progress)
    return sources


def cached(url: str) -> Path:
    """The directory of a url's clone, made or not."""
    name = (
        re.sub(r"[^A-Za-z0-9._-]", "-", url.rstrip("/").removesuffix(".git").rsplit("/", 1)[-1]) or "upstream"
    )
    return cache_dir() / "upstream" / f"{name}-{hashlib.sha256(url.encode()).hexdigest()[:16]}.git"


def absolute_url(url: str, root: Path) -> str:
    """A lock's url; a path made absolute."""
    if "://" in url or re.match(r"[^/]+:", url):  # git's own rule for host:path
        return url
    return str((root / url).resolve())


def mirrors(url: str) -> list[str]:
    """The places in `NPUPORT_MIRROR` that may hold a mirror of a url; none when it is not set.

    Raises:
        PortError: it is a directory that holds none of them.
    """
    base = os.environ.get("NPUPORT_MIRROR", "").rstrip("/")
    if not base:
        return []
    name, owned = _words(url)[-1], "/".join(_words(url)[-2:])
    places = [f"{base}/{place}" for place in dict.fromkeys((f"{owned}.git", owned, f"{name}.git", name))]
    if "://" in base or re.match(r"[^/]+:", base):
        return places
    existing = [str(Path(place).resolve()) for place in places if Path(place).is_dir()]
    if not existing:
        raise PortError(
            f"NPUPORT_MIRROR: no {owned}.git in {base}", hint=f"git clone --mirror {url} {places[0]}"
        )
    return existing


def _words(url: str) -> list[str]:
    """The words of a url or path; the last one is the repository's name."""
    return [word for word in re.split(r"[/:]", url.rstrip("/").removesuffix(".git")) if word] or ["upstream"]


def has(repository: Path, commit: str) -> bool:
    """Whether a cached clone holds a commit.

    Raises:
        PortError: the clone is broken.
    """
    try:
        return git.has_commit(repository, commit)
    except GitFailed as error:
        raise PortError(f"{repository} is broken: {error.reason}", hint=f"rm -rf {repository}") from error


def _clone(lock: Lock, sources: list[str], repository: Path, staging: Path, progress: Progress) -> None:
    progress(f"cloning {sources[0] if len(sources) == 1 else lock.url}")

    def clone(source: str) -> None:
        with staged_directory(staging) as staged:
            git.mirror(source, staged, progress)
            staged.rename(repository)

    _first(lock, sources, clone)


def _fetch(lock: Lock, sources: list[str], repository: Path, progress: Progress) -> None:
    progress(f"fetching {sources[0] if len(sources) == 1 else lock.url}")
    _first(lock, sources, lambda source: git.fetch(repository, source, progress))


def _fetch_commit(lock: Lock, sources: list[str], repository: Path, progress: Progress) -> None:
    """Fetch a commit that no branch or tag leads to; some servers allow that."""
    wanted = f"refs/npuport/{lock.commit}"
    try:
        refs = [f"+{lock.commit}:{wanted}"]
        _first(lock, sources, lambda source: git.fetch(repository, source, progress, refs))
    except PortError as error:
        if isinstance(error.__cause__, GitFailed) and not has(repository, lock.commit):
            where = "the mirror" if os.environ.get("NPUPORT_MIRROR") else lock.url
            raise PortError(
                f"{where} has no commit {lock.commit}: it never had it, or {lock.branch} was force-pushed",
                hint="correct upstream.commit in upstream.lock, or update the mirror",
            ) from error
        raise


def _first(lock: Lock, sources: list[str], attempt: Callable[[str], None]) -> None:
    """Try the sources in order until one works."""
    for source in sources[:-1]:
        try:
            attempt(source)
        except GitFailed:
            continue
        return
    try:
        attempt(sources[-1])
    except GitFailed as error:
        if error.hint.startswith("free"):
            raise
        place = f"{lock.url} (at {sources[-1]})" if sources[-1] != lock.url else lock.url
        raise PortError(
            f"cannot fetch {place}: {error.reason}",
            hint="check the network and git's proxy; or name a mirror: NPUPORT_MIRROR, url.<base>.insteadOf",
        ) from error
