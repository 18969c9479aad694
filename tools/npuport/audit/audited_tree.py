"""The trees that are audited: upstream at the pin with the port's series, or a directory."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from npuport import git
from npuport.audit import audit, new_since
from npuport.audit.coverage import covered
from npuport.audit.draft import Draft, draft
from npuport.audit.finding import Finding
from npuport.base.errors import PortError
from npuport.base.text import Progress
from npuport.patch.apply import Tree, apply_exactly, load_tree
from npuport.patch.mail import parse_patch
from npuport.port import upstream
from npuport.port.layout import Layout
from npuport.port.lock import Lock, read_lock
from npuport.port.pin import resolve
from npuport.port.series import PatchFile, read_series
from npuport.source.tree import kind, read_commit, read_directory


@dataclass(frozen=True)
class AuditedTree:
    """A tree and its findings.

    Args:
        name: the path that the user gave; empty for upstream at the pin.
        files: the files that the audit reads.
        findings: all of them, with reach and coverage as far as these are known.
        root: its directory; None for a commit.
        commit: its commit; empty for a directory.
    """

    name: str
    files: Mapping[str, bytes]
    findings: tuple[Finding, ...]
    root: Path | None = None
    commit: str = ""


@dataclass(frozen=True)
class AuditedPort:
    """The parts of a port that an audit needs.

    Args:
        layout: its directory.
        lock: its lock.
        series: its patches; empty if it has none yet.
        adapter: its adapter's source; None if it has none.
    """

    layout: Layout
    lock: Lock
    series: Sequence[PatchFile]
    adapter: bytes | None


def read_port(layout: Layout) -> AuditedPort:
    """A port, even if its lock is not complete.

    Raises:
        PortError: lock or series is malformed.
    """
    series = read_series(layout.patches) if layout.patches.exists() else ()
    adapter = layout.adapter.read_bytes() if layout.adapter.is_file() else None
    return AuditedPort(layout, read_lock(layout.lock), series, adapter)


def pinned_upstream(port: AuditedPort, *, offline: bool, progress: Progress) -> AuditedTree:
    """Upstream at the pin, each finding with the patch that covers it.

    Raises:
        PortError: upstream cannot be read; the series does not apply.
    """
    repository = upstream.ensure(port.layout, port.lock, offline=offline, progress=progress)
    commit = port.lock.commit
    files = read_commit(repository, commit)
    findings = covered(audit(files, adapter=port.adapter), files, repository, commit, port.series)
    return AuditedTree("", files, findings, commit=commit)


def directory(path: Path, port: AuditedPort | None) -> AuditedTree:
    """A directory, or one file. If it is the port's own tree, its entry points are the adapter's.

    Raises:
        PortError: it does not exist.
    """
    if path.is_file():
        data = path.read_bytes()
        files = {path.name: data} if kind(path.name, data) else {}
        return AuditedTree(str(path), files, audit(files), path.parent)
    if not path.is_dir():
        raise PortError(f"{path}: no such file or directory", hint="name an existing tree with --tree")
    files = read_directory(path)
    findings = audit(files, adapter=port.adapter if port else None)
    if port and port.series:
        findings = _covered_if_pinned(findings, files, port)
    return AuditedTree(str(path), files, findings, path)


def _covered_if_pinned(
    findings: tuple[Finding, ...], files: Mapping[str, bytes], port: AuditedPort
) -> tuple[Finding, ...]:
    """The findings with their coverage by the series, if the directory is equal to upstream at the pin."""
    try:
        repository = upstream.ensure(port.layout, port.lock, offline=True)
    except PortError:
        return findings
    if read_commit(repository, port.lock.commit) != files:
        return findings
    return covered(findings, files, repository, port.lock.commit, port.series)


def since(
    tree: AuditedTree, port: AuditedPort, ref: str, *, offline: bool, progress: Progress
) -> tuple[AuditedTree, str]:
    """The tree with only the findings that upstream did not have at a ref, and that ref's commit.

    Raises:
        PortError: upstream has no such commit.
    """
    repository, pin = resolve(port.layout, port.lock, ref, offline=offline, progress=progress)
    old = read_commit(repository, pin.commit.id)
    return replace(tree, findings=new_since(old, tree.files, tree.findings)), pin.commit.id


def drafted(tree: AuditedTree, port: AuditedPort | None) -> Draft | None:
    """The patch of the mechanical changes: for upstream after the series, for a directory as it is.

    Raises:
        PortError: the series does not apply.
    """
    number = max((int(file.name[:4]) for file in port.series), default=0) + 1 if port else 1
    if tree.root is not None:
        modes = {f.path: _mode(tree.root / f.path) for f in tree.findings}
        return draft(tree.files, tree.findings, number=number, author=git.author(tree.root), modes=modes)
    assert port is not None
    ported = _ported(port, port.series)
    touched = {path: b"".join(file.lines) for path, file in ported.items() if file.lines is not None}
    files = {path: data for path, data in tree.files.items() if path in ported}
    files |= {path: data for path, data in touched.items() if path in files or kind(path, data)}
    open_ = {(f.path, f.rule, f.what) for f in tree.findings if not f.covered_by}
    findings = [f for f in audit(files) if (f.path, f.rule, f.what) in open_]
    modes = {path: file.mode for path, file in ported.items()}
    patch = draft(files, findings, number=number, author=git.author(port.layout.root), modes=modes)
    if patch:  # prove that the whole series applies with it
        _ported(port, [*port.series, PatchFile(patch.name, patch.data)])
    return patch


def _ported(port: AuditedPort, series: Sequence[PatchFile]) -> Tree:
    """The pinned tree after a series, in memory, with the contents of the files that the series touches."""
    patches = [parse_patch(file.name, file.data) for file in series]
    tree = load_tree(upstream.ensure(port.layout, port.lock, offline=True), port.lock.commit, patches)
    for patch in patches:
        apply_exactly(tree, patch)
    return tree


def _mode(path: Path) -> str:
    return "100755" if path.exists() and path.stat().st_mode & 0o100 else "100644"
