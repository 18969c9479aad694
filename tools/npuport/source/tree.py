"""The files of a tree that the audit reads, out of a directory or out of a commit."""

import os
import posixpath
from pathlib import Path

from npuport import git

#: Larger files are generated or data; nobody patches them by hand.
LARGEST = 2 << 20

_KINDS = {
    ".py": "python",
    ".sh": "shell",
    ".bash": "shell",
    ".zsh": "shell",
    ".ksh": "shell",
    ".slurm": "shell",
    ".sbatch": "shell",
    ".ipynb": "notebook",
    ".md": "markdown",
    ".markdown": "markdown",
    ".yaml": "yaml",
    ".yml": "yaml",
    ".cu": "cuda",
    ".cuh": "cuda",
}
#: Directories of tools and of other people's packages.
_FOREIGN = {
    *(".git", ".hg", ".svn", "__pycache__", "node_modules", "site-packages", "dist-packages"),
    *(".venv", "venv", ".tox", ".nox", ".eggs", ".mypy_cache", ".ruff_cache", ".pytest_cache"),
    *(".ipynb_checkpoints", "__MACOSX"),
}
_REGULAR = ("100644", "100755")


def kind(path: str, data: bytes) -> str:
    """What a file is: `python`, `shell`, `notebook`, `markdown`, `yaml`, `requirements`, `cuda`, or nothing.

    A file without an ending is what its first line says.
    """
    name = posixpath.basename(path)
    stem, ending = posixpath.splitext(name)
    if ending == ".txt" and "requirements" in stem.lower():
        return "requirements"
    if ending:
        return _KINDS.get(ending.lower(), "")
    first = data[:100].partition(b"\n")[0]
    if not first.startswith(b"#!"):
        return ""
    return "python" if b"python" in first else "shell" if first.rstrip().endswith(b"sh") else ""


def read_directory(root: Path) -> dict[str, bytes]:
    """The files below a directory, sorted by path. Links, foreign directories and huge files are left out."""
    files: dict[str, bytes] = {}
    for directory, names, leaves in os.walk(root):
        names[:] = [name for name in names if not _foreign(Path(directory, name))]
        for leaf in leaves:
            path = Path(directory, leaf)
            relative = path.relative_to(root).as_posix()
            if not _perhaps(relative) or path.is_symlink() or not path.is_file():
                continue
            if path.stat().st_size <= LARGEST:
                files[relative] = path.read_bytes()
    return _wanted(files)


def read_commit(repository: Path, commit: str) -> dict[str, bytes]:
    """The same of a commit's tree, without a checkout: two processes however many files there are."""
    entries = {
        path: entry
        for path, entry in git.list_tree(repository, commit).items()
        if entry.mode in _REGULAR and _perhaps(path) and not _FOREIGN.intersection(path.split("/")[:-1])
        if posixpath.splitext(path)[1] or entry.mode == "100755"
    }
    contents = git.read_objects(repository, [entry.oid for entry in entries.values()])
    found = {path: content[1] for path, content in zip(entries, contents, strict=True) if content}
    return _wanted({path: data for path, data in found.items() if len(data) <= LARGEST})


def _perhaps(path: str) -> bool:
    """Whether the name leaves it open, or says, that the file is one to read."""
    return not posixpath.splitext(path)[1] or bool(kind(path, b""))


def _wanted(files: dict[str, bytes]) -> dict[str, bytes]:
    return {path: files[path] for path in sorted(files) if kind(path, files[path])}


def _foreign(directory: Path) -> bool:
    return directory.name in _FOREIGN or (directory / "pyvenv.cfg").exists()
