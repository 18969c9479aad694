"""The bundle on disk: all of it, or the one that was there before."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from npuport.base.errors import PortError
from npuport.base.files import clean_staging, exclusive, publish, staged_directory
from npuport.port.build import port, read_port
from npuport.port.layout import Layout
from npuport.release import contents, sbom, statement, sums
from npuport.release.contents import Subject
from npuport.release.evidence import Lack, gather
from npuport.release.model import read_release
from npuport.release.source import File, read_source


@dataclass(frozen=True)
class Bundle:
    """A finished bundle.

    Args:
        path: its directory.
        title: its name.
        simulated: whether its results are of no chip.
        files: how many there are.
        size: their bytes.
    """

    path: Path
    title: str
    simulated: bool
    files: int
    size: int


def release(
    layout: Layout, name: str | None, out: Path | None, progress: Callable[[str], None]
) -> Bundle | tuple[Lack, ...]:
    """Make the bundle of a model.

    Args:
        name: one of release.toml's models; its first where None.
        out: where to put the bundle's directory; `dist/` where None.

    Returns:
        The bundle; or everything that is missing, and then nothing has changed.

    Raises:
        PortError: lock, series or release.toml is malformed.
    """
    lock, patches = read_port(layout)
    recipe = read_release(layout)
    model = recipe.model(name)
    evidence, missing = gather(layout, lock, model)
    if missing:
        return missing
    ported = port(layout, progress=progress).path
    subject = Subject(lock, patches, recipe, model, evidence)
    files = assemble(layout, subject, ported)
    parent = out or layout.dist
    _keep_a_persons(parent / subject.title)
    parent.mkdir(parents=True, exist_ok=True)
    with exclusive(parent / ".lock"):
        clean_staging(parent)
        path = write(files, parent / subject.title, evidence.finished)
    size = sum(len(file.data) for file in files.values())
    return Bundle(path, subject.title, evidence.simulated, len(files), size)


def assemble(layout: Layout, subject: Subject, ported: Path) -> Mapping[str, File]:
    """Every file of a bundle by its path: the same inputs, the same bytes."""
    source = read_source(ported, subject.lock.ported_commit, subject.release.include)
    files = contents.port_files(layout, subject)
    files |= contents.evidence_files(layout, subject)
    files |= contents.cards(subject, source)
    files[sbom.NAME] = File(sbom.sbom(subject, source))
    for path in source:
        if path in files:
            raise PortError(
                f"the source's {path} has the name of a file of the bundle's own",
                hint="leave it out of [source] include in release/release.toml",
            )
    files |= source
    files[statement.NAME] = File(statement.provenance(subject, files))
    listed = {path: sums.digest(file.data) for path, file in files.items()}
    files[sums.NAME] = File(sums.format_sums(listed))
    return files


def write(files: Mapping[str, File], target: Path, time: str) -> Path:
    """Write a bundle's directory in one step, in the place of an older one.

    Args:
        time: ISO 8601, the files' time.
    """
    stamp = datetime.fromisoformat(time).timestamp()
    with staged_directory(target.parent) as staged:
        for name, file in sorted(files.items()):
            path = staged / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(file.data)
            path.chmod(file.mode)
            os.utime(path, (stamp, stamp))
        publish(staged, target)
    return target


def _keep_a_persons(target: Path) -> None:
    """Refuse to replace what is no bundle, or one that somebody has changed."""
    if not target.exists():
        return
    changed = sums.differences(target) if (target / sums.NAME).is_file() else ["no bundle"]
    changed = [line for line in changed if sums.BYTECODE not in line]
    if changed:
        raise PortError(
            f"{target} would be replaced: {changed[0]}", hint="move it away, or name another --out"
        )
