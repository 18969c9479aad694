"""The files of a tree that the audit reads, from a directory or from a commit."""

import os
import posixpath
from pathlib import Path

from npuport import git

#: Larger files are generated or data; they are not patched by hand.
LARGEST = 2 << 20

_KINDS = {
    **dict.fromkeys((".sh", ".bash", ".zsh", ".ksh", ".slurm", ".sbatch"), "shell"),
    **{".py": "python", ".ipynb": "notebook", ".md": "markdown", ".markdown": "markdown"},
    **{".yaml": "yaml", ".yml": "yaml", ".cu": "cuda", ".cuh": "cuda"},
}
#: Directories of tools and of installed packages.
_FOREIGN = {
    *(".git", ".hg", ".svn", "__pycache__", "node_modules", "site-packages", "dist-packages"),
    *(".venv", "venv", ".tox", ".nox", ".eggs", ".mypy_cache", ".ruff_cache", ".pytest_cache"),
    *(".ipynb_checkpoints", "__MACOSX"),
}
_REGULAR = ("100644", "100755")


def kind(path: str, data: bytes) -> str:
    """A file's kind: `python`, `shell`, `notebook`, `markdown`, `yaml`, `requirements`, `cuda`, or empty.

    The first line decides for a file without an extension.
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
    """The files below a directory, by path; without links, foreign directories and very large files."""
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
    """The same for a commit's tree, without a checkout, with two processes for any number of files."""
    entries = {
        path: entry
        for path, entry in git.list_tree(repository, commit).items()
        if entry.mode in _REGULAR and _perhaps(path) and not _FOREIGN.intersection(path.split("/")[:-1])
        if posixpath.splitext(path)[1] or entry.mode == "100755"
    }
    contents = git.read_objects(repository, [entry.oid for entry in entries.values()])
    files = {path: content[1] for path, content in zip(entries, contents, strict=True) if content}
    return _wanted({path: data for path, data in files.items() if len(data) <= LARGEST})


def _perhaps(path: str) -> bool:
    """Whether the name allows that the file is read; its first line may decide."""
    return not posixpath.splitext(path)[1] or bool(kind(path, b""))


def _wanted(files: dict[str, bytes]) -> dict[str, bytes]:
    return {path: files[path] for path in sorted(files) if kind(path, files[path])}


def _foreign(directory: Path) -> bool:
    return directory.name in _FOREIGN or (directory / "pyvenv.cfg").exists()
