"""Upstream: whether the pinned commit can be had."""

from npuport.base.errors import PortError
from npuport.base.process import environment, python, run
from npuport.doctor.finding import Finding
from npuport.port.layout import Layout

#: Seconds that upstream may take to say what it has.
ANSWER = 20
#: Asks git the way `npuport port` does, in a process that can be killed with git's own helpers.
ASK = """
import sys
from pathlib import Path
from npuport.git.process import GitFailed, run
try:
    print(run("ls-remote", "--", *sys.argv[1:], cwd=Path("/"), fetching=True).decode())
except GitFailed as error:
    sys.exit(error.reason)
"""


def upstream(layout: Layout | None, *, offline: bool) -> Finding:
    """Ask upstream, or its mirror, for the lock's branch, the way `npuport port` reaches it.

    Where the pinned commit is in the cache already, upstream is not needed.
    """
    if layout is None:
        return Finding("upstream", "missing", "no upstream.lock here or above", "npuport --port DIR doctor")
    from npuport import git
    from npuport.port import upstream
    from npuport.port.lock import read_lock

    try:
        lock = read_lock(layout.lock)
        url = upstream.absolute_url(lock.url, layout.root)
        repository = upstream.cached(url)
        cached = repository.is_dir() and git.has_commit(repository, lock.commit)
        source = (upstream.mirrors(url) or [url])[0]
    except PortError as error:
        return Finding("upstream", "wrong", error.message, error.hint)
    pin = f"{lock.commit[:12]} is{'' if cached else ' not'} in the cache"
    if offline:
        hint = "" if cached else "npuport doctor, without --offline"
        return Finding("upstream", "good" if cached else "missing", f"{pin}; {lock.url} not asked", hint)
    asked, answer = ask(source, lock.branch)
    if asked:
        return Finding("upstream", "good", f"{lock.url} answers; {pin}")
    if url != lock.url:  # a path beside the port
        hint = f"make {url}, as the port's README says"
    else:
        hint = f"git ls-remote {source}; or name a mirror: NPUPORT_MIRROR, url.<base>.insteadOf"
    return Finding("upstream", "wrong", f"{lock.url}: {answer}; {pin}", hint, optional=cached)


def ask(source: str, branch: str) -> tuple[bool, str]:
    """Whether a repository has a branch; if not, why not."""
    command = python("-c", ASK, source, f"refs/heads/{branch}")
    ran = run(command, environment=environment(), seconds=ANSWER)
    if ran.code:
        return False, ran.last_line
    return bool(ran.out.strip()), f"it has no branch {branch}"
