"""Machines to be looked at: programs on a PATH, packages in a site directory. All of them real files."""

import shutil
from pathlib import Path


def program(directory: Path, name: str, script: str) -> Path:
    """An executable of that name."""
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


def bin_with(directory: Path, *programs: str) -> str:
    """A PATH on which there is nothing but these programs of the system's."""
    directory.mkdir(parents=True, exist_ok=True)
    for name in programs:
        found = shutil.which(name)
        assert found is not None
        (directory / name).symlink_to(found)
    return str(directory)


def distribution(site: Path, name: str, version: str) -> None:
    """An installed package, as far as its metadata go."""
    info = site / f"{name}-{version}.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")


def package(site: Path, name: str, version: str, source: str) -> None:
    """An installed package that imports: one file."""
    distribution(site, name, version)
    (site / name).mkdir()
    (site / name / "__init__.py").write_text(source)
