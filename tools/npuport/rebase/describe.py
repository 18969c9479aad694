"""The summary of a rebase: the pins, upstream's log, the licence, the changes of upstream's source."""

import hashlib
from collections.abc import Sequence
from difflib import unified_diff
from pathlib import Path

from npuport import git
from npuport.audit import new_assumptions
from npuport.git import history
from npuport.port.lock import Lock
from npuport.port.lockrules import NO_LICENSE
from npuport.port.pin import Pin, pin
from npuport.rebase.culprit import Culprits
from npuport.rebase.summary import LicenseChange, Summary
from npuport.rebase.verdict import Verdict
from npuport.source.interface import difference
from npuport.source.tree import read_commit


def summarise(
    lock: Lock,
    names: Sequence[str],
    repository: Path,
    new: Pin,
    verdicts: tuple[Verdict, ...],
    *,
    ahead: tuple[Verdict, ...] = (),
    accepted: bool,
) -> Summary:
    """Everything about a rebase but its proof.

    Args:
        lock: the old one.
        names: the old series.
        ahead: preliminary verdicts on the patches that wait.
        accepted: whether the user has accepted a change of the licence.
    """
    license_change = compare_licenses(repository, lock, new.commit.id)
    return Summary(
        old=pin(repository, lock.commit, lock.branch),
        new=new,
        log=history.between(repository, lock.commit, new.commit.id),
        history=history.irregular(repository, lock.commit, new.commit.id),
        verdicts=verdicts,
        waiting=tuple(names[len(verdicts) :]),
        ahead=ahead,
        license=license_change,
        decisions=decisions(verdicts, license_change, accepted=accepted),
    )


def sources(
    repository: Path, lock: Lock, target: str, adapter: bytes
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The differences of the entry points, and the new CUDA assumptions, between two commits; a line each.

    Args:
        adapter: the port's adapter, which names what the port uses of upstream; it is read, not run.
    """
    old, new = read_commit(repository, lock.commit), read_commit(repository, target)
    return difference(old, new, adapter), new_assumptions(old, new, adapter)


def decisions(
    verdicts: Sequence[Verdict], license_change: LicenseChange, *, accepted: bool
) -> tuple[str, ...]:
    """What has to be decided, a line each."""
    lines = [f"{verdict.patch}: {verdict.detail}" for verdict in verdicts if verdict.needs_person]
    if license_change.changed and not accepted:
        state = {license_change.old: "is new", license_change.new: "is gone"}.get(NO_LICENSE, "has changed")
        read = "accept that" if state == "is gone" else "read it, and accept it"
        lines.append(f"upstream's {license_change.path} {state}: {read} with --accept-license")
    return tuple(lines)


def compare_licenses(repository: Path, lock: Lock, target: str) -> LicenseChange:
    """Upstream's licence at both pins; a rename of the file is followed."""
    path = lock.license_file
    old, new = git.read_objects(repository, [f"{lock.commit}:{path}", f"{target}:{path}"])
    if new is None and old:
        path = Culprits(repository, lock.commit, target).trace(path)[0] or path
        new = git.read_objects(repository, [f"{target}:{path}"])[0]
    was, now = ((blob[1] if blob else b"").decode(errors="replace") for blob in (old, new))
    names = f"a/{lock.license_file}", f"b/{path}"
    diff = unified_diff(was.splitlines(keepends=True), now.splitlines(keepends=True), *names)
    sha256 = hashlib.sha256(new[1]).hexdigest() if new else NO_LICENSE
    return LicenseChange(path, lock.license_sha256, sha256, "".join(diff))
