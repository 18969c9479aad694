"""Where the tree that a report is about comes from."""

import hashlib
from pathlib import Path
from typing import Any

from npuport.port.layout import Layout


def provenance(layout: Layout, tree: Path) -> dict[str, Any]:
    """What is judged: upstream, pin, the tree's commit and id, and whether that is what the lock says."""
    from npuport.port.lock import read_lock
    from npuport.port.trees import state

    lock, here = read_lock(layout.lock), state(tree)
    return {
        "upstream": lock.url,
        "pin": lock.commit,
        "patches": [patch.name for patch in lock.patches],
        "commit": (here and here.commit) or None,
        "tree": (here and here.tree) or None,
        "edits": list(here.edits) if here else [],
        "locked": bool(here and here.commit == lock.ported_commit and not here.edits),
        "adapter": adapter_digest(layout),
    }


def adapter_digest(layout: Layout) -> str:
    """The sha256 of the port's adapter, which says what is run and on what inputs."""
    return hashlib.sha256(layout.adapter.read_bytes()).hexdigest()
