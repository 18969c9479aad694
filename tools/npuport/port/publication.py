"""Publish several of a port's files together, or none of them.

No file system renames many files at once. So the new files are staged with a journal of what they replace,
and the rename of that directory to `.publication` decides: before it the port is the old one, after it the
new one. Then the files are moved to their places. If the process is killed meanwhile, the next command
finishes this: it looks for `.publication` before it reads the port.
"""

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from npuport.base.errors import PortError
from npuport.base.files import clean_staging, exclusive, retire, staged_directory, sync
from npuport.port.checkout import lock_file
from npuport.port.layout import Layout


def publish_files(layout: Layout, files: Mapping[str, bytes | None], retired: Sequence[Path] = ()) -> None:
    """Replace files of a port. The caller holds the lock of `out/`.

    Args:
        files: by path relative to the port's directory, the new contents; None removes the file.
        retired: directories below `out/` that are removed with them.
    """
    staging = _staging(layout)
    clean_staging(staging)
    with staged_directory(staging) as staged:
        entries = []
        for number, (path, data) in enumerate(files.items()):
            if data is not None:
                (staged / str(number)).write_bytes(data)
                sync(staged / str(number))
            entries.append({"path": path, "old": _sum(layout.root / path), "new": _digest(data)})
        journal = {"files": entries, "retired": [os.path.relpath(path, layout.root) for path in retired]}
        (staged / "journal.json").write_text(json.dumps(journal))
        sync(staged / "journal.json")
        staged.rename(layout.publication)
    sync(layout.root)
    _finish(layout)


def finish(layout: Layout) -> None:
    """Finish the publication of a killed process, if there is one.

    Raises:
        PortError: a file has been edited since: it is neither the old one nor the new one.
    """
    if layout.publication.is_dir():
        with exclusive(lock_file(layout)):
            if layout.publication.is_dir():
                _finish(layout)


def _finish(layout: Layout) -> None:
    directory = layout.publication
    journal = json.loads((directory / "journal.json").read_text())
    entries = journal["files"]
    for entry in entries:
        if _sum(layout.root / entry["path"]) not in (entry["old"], entry["new"]):
            raise PortError(
                f"{layout.root / entry['path']} was edited while a new port was being published",
                hint=f"take it back from version control; or keep everything as it is: rm -r {directory}",
            )
    for number, entry in enumerate(entries):
        path = layout.root / entry["path"]
        if _sum(path) == entry["new"]:
            continue
        if entry["new"] is None:
            path.unlink()
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            (directory / str(number)).replace(path)
    for parent in {(layout.root / entry["path"]).parent for entry in entries}:
        sync(parent)
    for name in journal["retired"]:
        if (layout.root / name).exists():
            retire(layout.root / name, layout.out)
    retire(directory, _staging(layout))


def _staging(layout: Layout) -> Path:
    """The directory for staging, on the file system of the port's directory."""
    layout.out.mkdir(parents=True, exist_ok=True)
    same = layout.out.stat().st_dev == layout.root.stat().st_dev
    return layout.out if same else layout.root


def _sum(path: Path) -> str | None:
    try:
        return _digest(path.read_bytes())
    except FileNotFoundError:
        return None


def _digest(data: bytes | None) -> str | None:
    return None if data is None else hashlib.sha256(data).hexdigest()
