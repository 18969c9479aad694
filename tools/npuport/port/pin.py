"""The target of a rebase: the commit of upstream that `main`, `v1.2` or `5ce1eb6` names."""

import re
from dataclasses import dataclass, replace
from pathlib import Path

from npuport import git
from npuport.base.errors import PortError
from npuport.base.text import Progress, silent
from npuport.git import history
from npuport.git.history import UpstreamCommit
from npuport.port import upstream
from npuport.port.layout import Layout
from npuport.port.lock import Lock


@dataclass(frozen=True)
class Pin:
    """A commit of upstream that a port is made from.

    Args:
        ref: the branch, tag or id that the user named.
        commit: the commit.
        tree: its tree id.
    """

    ref: str
    commit: UpstreamCommit
    tree: str


def resolve(
    layout: Layout,
    lock: Lock,
    ref: str | None,
    *,
    offline: bool = False,
    progress: Progress = silent,
) -> tuple[Path, Pin]:
    """Fetch upstream and find a commit in it; one that is named by its full id and is there needs no fetch.

    Args:
        ref: a branch, a tag, a commit's id of 7 digits or more; `heads/x` and `tags/x` where x is both.
            None is the tip of the lock's branch.

    Returns:
        The repository, and the pin.

    Raises:
        PortError: upstream is out of reach; it has no such commit, or has the old pin no more; the name is
            ambiguous.
    """
    wanted = f"heads/{lock.branch}" if ref is None else ref.removeprefix("refs/")
    if (
        not re.fullmatch(r"[A-Za-z0-9_][^\x00-\x20\x7f~^:?*\[\\]*", wanted)
        or ".." in wanted
        or "@{" in wanted
    ):
        raise PortError(f"{ref!r} is not the name of a commit", hint="name a branch, a tag or a commit's id")
    full = re.fullmatch(r"[0-9a-f]{40}", wanted) is not None
    repository = upstream.cached(upstream.absolute_url(lock.url, layout.root))
    if not (full and repository.is_dir() and all(upstream.has(repository, c) for c in (wanted, lock.commit))):
        repository = fetch(layout, lock, offline=offline, progress=progress)
    commit = "" if full else _find(repository, wanted)  # a full id is that commit, not a branch of that name
    if full:
        repository = upstream.ensure(layout, replace(lock, commit=wanted), offline=offline, progress=progress)
        commit = wanted
    if not commit:
        where = "the cached clone of upstream" if offline else lock.url
        raise PortError(
            f"{where} has no {wanted}", hint="name a branch, a tag or a commit's id, 7 digits or more"
        )
    git.keep(repository, commit)
    return repository, pin(repository, commit, ref or lock.branch)


def fetch(layout: Layout, lock: Lock, *, offline: bool = False, progress: Progress = silent) -> Path:
    """Bring the cached clone up to date; it holds the old pin, without which no patch can be carried.

    Raises:
        PortError: upstream is out of reach, or has lost the old pin.
    """
    repository = upstream.update(layout, lock, offline=offline, progress=progress)
    if not upstream.has(repository, lock.commit):
        raise PortError(
            f"{lock.url} has lost the old pin {lock.commit[:12]}: a force-push, or a shallow mirror",
            hint="name a mirror that has it: NPUPORT_MIRROR; or correct upstream.commit by hand, empty "
            "upstream.tree, and npuport refresh",
        )
    return repository


def pin(repository: Path, commit: str, ref: str) -> Pin:
    found = git.read_objects(repository, [f"{commit}^{{tree}}"])[0]
    assert found is not None
    return Pin(ref, history.describe(repository, commit), found[0])


def branch_of(repository: Path, ref: str | None, default: str) -> str:
    """The branch that a lock should name: the ref itself if it is one."""
    name = (ref or "").removeprefix("refs/").removeprefix("heads/")
    if re.fullmatch(r"[0-9a-f]{40}", name):
        return default
    return name if name and git.commit_of(repository, f"refs/heads/{name}") else default


def _find(repository: Path, wanted: str) -> str:
    names = [wanted] if wanted.startswith(("heads/", "tags/")) else [f"heads/{wanted}", f"tags/{wanted}"]
    found = {name: commit for name in names if (commit := git.commit_of(repository, f"refs/{name}"))}
    if len(set(found.values())) > 1:
        raise PortError(f"{wanted} is a branch and a tag", hint=f"say heads/{wanted} or tags/{wanted}")
    if found:
        return next(iter(found.values()))
    return git.commit_of(repository, wanted) if re.fullmatch(r"[0-9a-f]{7,40}", wanted) else ""
