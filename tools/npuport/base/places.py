"""Where the harness lies, and where it keeps what ports share."""

import os
from pathlib import Path

#: The directory of the packages `npuport` and `softcann`: `tools` of the repository, or site-packages.
TOOLS = Path(__file__).resolve().parents[2]

#: The repository that holds the harness.
HARNESS = TOOLS.parent


def cache_dir() -> Path:
    """The cache all ports share: upstream clones, built simulators, captures; safe to delete.

    `NPUPORT_CACHE` when it is set, else `.cache` in the harness's repository.
    """
    named = os.environ.get("NPUPORT_CACHE")
    return Path(named).expanduser().resolve() if named else HARNESS / ".cache"
