"""Refresh: patches that apply exactly at the pin, and a lock that says so.

A patch that applies exactly keeps its bytes. One that has moved, or that git can merge, keeps its mail and
gets a new diff. The lock gets the sums, the digest and the ported ids: this also fills it in at first.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from npuport import git, store
from npuport.checkout import lock_file, verify_pin
from npuport.errors import PortError
from npuport.exact import Unfit, apply_exactly, load_tree, merged
from npuport.fsio import clean_staging, exclusive, staged_directory, write_atomically
from npuport.gitprocess import GitFailed
from npuport.layout import Layout
from npuport.lock import Lock, format_lock, read_lock
from npuport.patch import Patch, parse_patch
from npuport.port import build
from npuport.series import PatchFile, digest, read_series
from npuport.store import Progress, silent

_DIFFSTAT = re.compile(rb"^ (?:.+ \| .+|\d+ files? changed.*|(?:create|delete|rename|copy|mode) .+)\n", re.M)


@dataclass(frozen=True)
class RefreshResult:
    """What a refresh has made, or would make.

    Args:
        lock: the lock as it is now right.
        rewritten: the patches with a new diff, each with what was wrong with the old one.
        changed: whether the lock or a patch differs from what is on disk.
    """

    lock: Lock
    rewritten: tuple[tuple[str, str], ...]
    changed: bool


def refresh(
    layout: Layout, *, check: bool = False, offline: bool = False, progress: Progress = silent
) -> RefreshResult:
    """Rewrite the patches that need it, and the lock.

    Args:
        check: change nothing on disk, only say what would change.

    Raises:
        PortError: a patch neither applies nor merges; nothing has changed then.
    """
    old = read_lock(layout.lock)
    files = read_series(layout.patches)
    with exclusive(lock_file(layout), lambda: progress("waiting for another npuport")):
        clean_staging(layout.out)
        repository = store.ensure(layout, old, offline=offline, progress=progress)
        tree, sha256 = verify_pin(repository, old)
        lock = replace(old, tree=tree, license_sha256=sha256)
        with staged_directory(layout.out) as staged:
            (staged / "carried").mkdir()
            fresh, rewritten = _carry(repository, lock, files, staged / "carried")
            (staged / "ported").mkdir()
            commit, ported_tree = build(repository, lock, fresh, staged / "ported")
        entries = tuple(file.entry for file in fresh)
        lock = replace(
            lock,
            series_digest=digest(entries),
            patches=entries,
            ported_commit=commit,
            ported_tree=ported_tree,
        )
        text = format_lock(lock).encode()
        changed = [file for file, before in zip(fresh, files, strict=True) if file != before]
        stale = text != layout.lock.read_bytes()
        if not check:
            for file in changed:
                write_atomically(layout.patches / file.name, file.data)
            if stale:  # last: until then the old lock refuses the new patches, and refresh goes on from here
                write_atomically(layout.lock, text)
    return RefreshResult(lock, tuple(rewritten), bool(changed) or stale)


def _carry(
    repository: Path, lock: Lock, files: Sequence[PatchFile], directory: Path
) -> tuple[list[PatchFile], list[tuple[str, str]]]:
    """The series as it applies exactly, and the patches that had to be rewritten for it."""
    patches = [parse_patch(file.name, file.data) for file in files]
    tree = load_tree(repository, lock.commit, patches)
    fresh: list[PatchFile] = []
    rewritten: list[tuple[str, str]] = []
    waiting: list[Patch] = []  # exact, and not yet in the work tree
    for number, patch in enumerate(patches):
        try:
            apply_exactly(tree, patch)
        except Unfit as unfit:
            if not (directory / ".git").exists():
                git.work_tree(repository, directory, lock.commit)
            if waiting:
                git.am(directory, b"".join(mail.mail for mail in waiting))
                waiting.clear()
            patch = _rewrite(directory, patch, unfit)
            rewritten.append((patch.name, unfit.message))
            tree = load_tree(directory, "HEAD", patches[number + 1 :])
        else:
            waiting.append(patch)
        fresh.append(PatchFile(patch.name, patch.data))
    return fresh, rewritten


def _rewrite(directory: Path, patch: Patch, unfit: Unfit) -> Patch:
    """Let git apply a patch where it fits, else merge it, and write the diff anew.

    Raises:
        PortError: git can do neither.
    """
    before = git.head(directory)
    try:
        try:
            git.am(directory, patch.mail)
        except GitFailed:
            git.am(directory, patch.mail, three_way=True)
    except GitFailed as error:
        raise PortError(
            f"{unfit.message}; nor can git merge it", mend=f"edit {patch.name} by hand"
        ) from error
    if git.head(directory) == before:
        raise merged(patch)
    mail = _DIFFSTAT.sub(b"", patch.data[: patch.diff_start])
    return parse_patch(patch.name, mail + git.diff(directory, before, "HEAD"))
