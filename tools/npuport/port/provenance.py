"""The origin of the tree that a report is about."""

import hashlib
from pathlib import Path
from typing import TypedDict

from npuport.base.schema import GitId, Sha256
from npuport.port.layout import Layout
from npuport.port.lock import read_lock
from npuport.port.trees import state


class Provenance(TypedDict):
    """The tree that ran, and its port.

    Args:
        upstream: upstream's url, from upstream.lock.
        pin: upstream's commit.
        patches: the series, in order.
        commit: HEAD of the tree that the device ran; null where it is not a git work tree.
        tree: that commit's tree id.
        edits: paths in the tree that differ from its HEAD.
        locked: the tree is the ported tree that upstream.lock names, without edits.
        adapter: sha256 of adapter.py, which defines what is run and on which inputs.
    """

    upstream: str
    pin: GitId
    patches: list[str]
    commit: GitId | None
    tree: GitId | None
    edits: list[str]
    locked: bool
    adapter: Sha256


def provenance(layout: Layout, tree: Path) -> Provenance:
    """The provenance of a tree that runs as a port."""
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
    """The sha256 of the port's adapter, which defines what is run and on which inputs."""
    return hashlib.sha256(layout.adapter.read_bytes()).hexdigest()
