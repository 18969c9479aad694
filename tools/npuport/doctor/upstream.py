"""Upstream: whether the pinned commit is in the cache, or can be fetched."""

from npuport import git
from npuport.base.errors import PortError
from npuport.base.process import environment, python, run
from npuport.doctor.check import Check
from npuport.port.layout import Layout
from npuport.port.lock import read_lock
from npuport.port.upstream import absolute_url, cached, mirrors

#: Seconds that upstream may take to answer.
ANSWER = 20
#: A child asks git the way `npuport port` does, so that it can be killed with git's own helpers.
ASK = """
import sys
from pathlib import Path
from npuport.git.process import GitFailed, run
try:
    print(run("ls-remote", "--", *sys.argv[1:], cwd=Path("/"), fetching=True).decode())
except GitFailed as error:
    sys.exit(error.reason)
"""


def upstream(layout: Layout | None, *, offline: bool) -> Check:
    """Check that upstream, or its mirror, has the lock's branch; optional if the pin is in the cache."""
    if layout is None:
        return Check("upstream", "missing", "no upstream.lock here or above", "npuport --port DIR doctor")
    try:
        lock = read_lock(layout.lock)
        url = absolute_url(lock.url, layout.root)
        repository = cached(url)
        in_cache = repository.is_dir() and git.has_commit(repository, lock.commit)
        source = (mirrors(url) or [url])[0]
    except PortError as error:
        return Check("upstream", "wrong", error.message, error.hint)
    pin = f"{lock.commit[:12]} is{'' if in_cache else ' not'} in the cache"
    if offline:
        hint = "" if in_cache else "npuport doctor, without --offline"
        return Check("upstream", "good" if in_cache else "missing", f"{pin}; {lock.url} not asked", hint)
    problem = _ask(source, lock.branch)
    if not problem:
        return Check("upstream", "good", f"{lock.url} answers; {pin}")
    if url != lock.url:  # a path beside the port
        hint = f"make {url}, as the port's README says"
    else:
        hint = f"git ls-remote {source}; or name a mirror: NPUPORT_MIRROR, url.<base>.insteadOf"
    return Check("upstream", "wrong", f"{lock.url}: {problem}; {pin}", hint, optional=in_cache)


def _ask(source: str, branch: str) -> str:
    """Why a repository does not have a branch; empty if it has it."""
    command = python("-c", ASK, source, f"refs/heads/{branch}")
    ran = run(command, environment=environment(), seconds=ANSWER)
    if ran.code:
        return ran.last_line
    return "" if ran.out.strip() else f"it has no branch {branch}"
