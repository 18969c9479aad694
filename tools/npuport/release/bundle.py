"""The bundle on disk; an older one is replaced in one step."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from npuport.base.errors import PortError
from npuport.base.files import clean_staging, exclusive, publish, staged_directory
from npuport.port.build import port, read_port
from npuport.port.layout import Layout
from npuport.release import card, contents, sbom, statement, sums
from npuport.release.evidence import Evidence, Lack, gather
from npuport.release.inputs import BundleInputs
from npuport.release.model import read_release
from npuport.release.source import BundleFile, read_source


@dataclass(frozen=True)
class Bundle:
    """A finished bundle.

    Args:
        path: its directory.
        title: its name.
        simulated: whether its results come from the simulator.
        files: number of its files.
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
        layout: the port's.
        name: one of release.toml's models; the first for None.
        out: the directory that takes the bundle's; `dist/` for None.
        progress: called with lines on work that takes its time.

    Returns:
        The bundle; or everything that is missing, and then nothing was changed.

    Raises:
        PortError: lock, series or release.toml is malformed.
    """
    lock, patches = read_port(layout)
    recipe = read_release(layout)
    model = recipe.model(name)
    evidence = gather(layout, lock, model)
    if not isinstance(evidence, Evidence):
        return evidence
    ported = port(layout, progress=progress).path
    inputs = BundleInputs(lock, patches, recipe, model, evidence)
    files = assemble(layout, inputs, ported)
    parent = out or layout.dist
    target = parent / inputs.title
    _refuse_to_overwrite_edits(target)
    parent.mkdir(parents=True, exist_ok=True)
    with exclusive(parent / ".lock"):
        clean_staging(parent)
        write(files, target, evidence.finished)
    size = sum(len(file.data) for file in files.values())
    return Bundle(target, inputs.title, evidence.simulated, len(files), size)


def assemble(layout: Layout, inputs: BundleInputs, ported: Path) -> Mapping[str, BundleFile]:
    """Every file of a bundle by its path. The same inputs give the same bytes."""
    source = read_source(ported, inputs.lock.ported_commit, inputs.release.source.include)
    files = contents.port_files(layout, inputs)
    files |= contents.evidence_files(layout, inputs)
    files |= card.pages_of(inputs, source)
    files[sbom.NAME] = BundleFile(sbom.sbom(inputs, source))
    for path in source:
        if path in files:
            raise PortError(
                f"{path} of the source has the name of one of the bundle's own files",
                hint="leave it out of [source] include in release/release.toml",
            )
    files |= source
    files[statement.NAME] = BundleFile(statement.provenance(inputs, files))
    listed = {path: sums.digest(file.data) for path, file in files.items()}
    files[sums.NAME] = BundleFile(sums.format_sums(listed))
    return files


def write(files: Mapping[str, BundleFile], target: Path, time: str) -> None:
    """Write a bundle's directory in one step; an older one is replaced.

    Args:
        files: by their path in the bundle.
        target: the bundle's directory.
        time: ISO 8601, the files' modification time.
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


def _refuse_to_overwrite_edits(target: Path) -> None:
    if not target.exists():
        return
    changed = sums.differences(target) if (target / sums.NAME).is_file() else ["it is not a bundle"]
    changed = [line for line in changed if sums.BYTECODE not in line]
    if changed:
        raise PortError(f"{target} has local edits: {changed[0]}", hint="move it away, or name another --out")
