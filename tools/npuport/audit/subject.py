"""What is audited: upstream at the pin with the port's series, or a directory."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from npuport import git
from npuport.audit import audit, new_since
from npuport.audit.draft import Draft, draft
from npuport.audit.finding import Finding
from npuport.base.errors import PortError
from npuport.base.text import Progress
from npuport.port import upstream
from npuport.port.layout import Layout
from npuport.port.lock import Lock, read_lock
from npuport.port.series import PatchFile, read_series
from npuport.source.tree import kind, read_commit, read_directory


@dataclass(frozen=True)
class Subject:
    """A tree and what is known of it.

    Args:
        name: how a person named it; empty for upstream at the pin.
        files: what the audit reads of it.
        findings: all of them, judged.
        root: its directory; None for a commit.
        commit: its commit; empty for a directory.
    """

    name: str
    files: Mapping[str, bytes]
    findings: tuple[Finding, ...]
    root: Path | None = None
    commit: str = ""


@dataclass(frozen=True)
class Port:
    """As much of a port as an audit needs.

    Args:
        layout: its directory.
        lock: its lock.
        series: its patches; empty where it has none yet.
        adapter: its adapter's source; None where it has none.
    """

    layout: Layout
    lock: Lock
    series: Sequence[PatchFile] = field(default_factory=tuple)
    adapter: bytes | None = None


def read_port(layout: Layout) -> Port:
    """A port, whether or not its lock is filled in.

    Raises:
        PortError: lock or series is malformed.
    """
    series = read_series(layout.patches) if layout.patches.exists() else ()
    adapter = layout.adapter.read_bytes() if layout.adapter.is_file() else None
    return Port(layout, read_lock(layout.lock), series, adapter)


def pinned_upstream(port: Port, *, offline: bool, progress: Progress) -> Subject:
    """Upstream at the pin, each finding with the patch that covers it.

    Raises:
        PortError: upstream is out of reach; the series does not apply.
    """
    from npuport.audit.coverage import covered

    repository = upstream.ensure(port.layout, port.lock, offline=offline, progress=progress)
    files = read_commit(repository, port.lock.commit)
    found = audit(files, adapter=port.adapter)
    found = tuple(covered(found, files, repository, port.lock.commit, port.series))
    return Subject("", files, found, commit=port.lock.commit)


def directory(path: Path, port: Port | None) -> Subject:
    """A directory, or one file. Where it is the port's own tree, its entry points are the adapter's.

    Raises:
        PortError: it is not there.
    """
    if path.is_file():
        data = path.read_bytes()
        files = {path.name: data} if kind(path.name, data) else {}
        return Subject(str(path), files, audit(files), path.parent)
    if not path.is_dir():
        raise PortError(f"there is no directory {path}", hint="name a tree that is there")
    files = read_directory(path)
    found = audit(files, adapter=port.adapter if port else None)
    return Subject(str(path), files, _as_pinned(found, files, port), path)


def _as_pinned(
    found: tuple[Finding, ...], files: Mapping[str, bytes], port: Port | None
) -> tuple[Finding, ...]:
    """The coverage by the series, where the directory is upstream at the pin."""
    from npuport.audit.coverage import covered

    if port is None or not port.series:
        return found
    try:
        repository = upstream.ensure(port.layout, port.lock, offline=True)
    except PortError:
        return found
    if read_commit(repository, port.lock.commit) != files:
        return found
    return tuple(covered(found, files, repository, port.lock.commit, port.series))


def since(
    subject: Subject, port: Port, ref: str, *, offline: bool, progress: Progress
) -> tuple[Subject, str]:
    """The subject with only those findings that upstream had not at a ref, and that ref's commit.

    Raises:
        PortError: upstream has no such commit.
    """
    from npuport.port.pin import resolve

    repository, pin = resolve(port.layout, port.lock, ref, offline=offline, progress=progress)
    old = read_commit(repository, pin.commit.id)
    return replace(subject, findings=new_since(old, subject.files, subject.findings)), pin.commit.id


def drafted(subject: Subject, port: Port | None) -> Draft | None:
    """The patch of the mechanical changes: for upstream on top of the series, for a directory as it is.

    Raises:
        PortError: the series does not apply.
    """
    number = max((int(file.name[:4]) for file in port.series), default=0) + 1 if port else 1
    if subject.root is not None:
        modes = {f.path: _mode(subject.root / f.path) for f in subject.findings}
        author = git.author(subject.root)
        return draft(subject.files, subject.findings, number=number, author=author, modes=modes)
    assert port is not None
    repository = upstream.ensure(port.layout, port.lock, offline=True)
    files, modes = _after_series(port, repository, subject.files)
    wanted = {(f.path, f.rule, f.what) for f in subject.findings if not f.covered_by}
    found = [f for f in audit(files) if (f.path, f.rule, f.what) in wanted]
    made = draft(files, found, number=number, author=git.author(port.layout.root), modes=modes)
    if made:
        _check(port, repository, made)
    return made


def _after_series(
    port: Port, repository: Path, files: Mapping[str, bytes]
) -> tuple[dict[str, bytes], dict[str, str]]:
    """The tree that the series ends in, as far as the audit reads it, and the modes of its files."""
    from npuport.patch.apply import apply_exactly, load_tree
    from npuport.patch.mail import parse_patch

    patches = [parse_patch(file.name, file.data) for file in port.series]
    tree = load_tree(repository, port.lock.commit, patches)
    for patch in patches:
        apply_exactly(tree, patch)
    after = {
        path: data if (lines := tree[path].lines) is None else b"".join(lines)
        for path, data in files.items()
        if path in tree
    }
    for path, file in tree.items():
        if path not in after and file.lines is not None and kind(path, b"".join(file.lines)):
            after[path] = b"".join(file.lines)
    return after, {path: file.mode for path, file in tree.items()}


def _check(port: Port, repository: Path, made: Draft) -> None:
    """Apply the whole series with the draft at its end, exactly.

    Raises:
        PortError: it does not fit, which would be our own fault.
    """
    from npuport.patch.apply import apply_exactly, load_tree
    from npuport.patch.mail import parse_patch

    patches = [parse_patch(f.name, f.data) for f in (*port.series, PatchFile(made.name, made.data))]
    tree = load_tree(repository, port.lock.commit, patches)
    for patch in patches:
        apply_exactly(tree, patch)


def _mode(path: Path) -> str:
    return "100755" if path.exists() and path.stat().st_mode & 0o100 else "100644"
