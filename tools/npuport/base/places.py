"""Where npuport is installed, and where it keeps what all ports share."""

import os
from pathlib import Path

#: The directory of the packages `npuport` and `softcann`: `tools` of the repository, or site-packages.
TOOLS = Path(__file__).resolve().parents[2]

#: The directory above: the repository, if IN_REPOSITORY.
HARNESS = TOOLS.parent

#: Whether npuport runs from a clone of its repository; in a wheel or a bundle only TOOLS is npuport's.
IN_REPOSITORY = TOOLS.name == "tools" and (TOOLS / "bootstrap.py").is_file()


def cache_dir() -> Path:
    """The cache that all ports share: upstream clones, built simulators, captures; safe to delete.

    It is `NPUPORT_CACHE`, else `.cache` in the repository; for an installed npuport `npuport` in
    `XDG_CACHE_HOME`, which is `~/.cache` where it is not set.
    """
    named = os.environ.get("NPUPORT_CACHE")
    if named:
        return Path(named).expanduser().resolve()
    if IN_REPOSITORY:
        return HARNESS / ".cache"
    home = os.environ.get("XDG_CACHE_HOME", "")
    return (Path(home) if Path(home).is_absolute() else Path.home() / ".cache") / "npuport"


def licence() -> bytes:
    """The text of npuport's own licence."""
    if IN_REPOSITORY:
        return (HARNESS / "LICENSE").read_bytes()
    from importlib import metadata  # it loads the email package, which every command would wait for

    return (metadata.distribution("npuport").read_text("licenses/LICENSE") or "").encode()
