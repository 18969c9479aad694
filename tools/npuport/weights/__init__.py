"""Trained weights: from a directory, or from a hub at a pinned revision, verified before anything reads them.

Read along the data's way: `spec` (what the user names), `lock` (`weights.lock`: what a hub's id means),
`hub` (what is asked of a hub) with `huggingface`, `modelscope` and `openmind` (each by its own client),
`fetch` (download, verify, publish in the cache), `checkpoint` (a directory's files: which count, their
hashes, whether they are whole) with `header`, `resolve` (all of it, for a command).
"""

from npuport.weights.checkpoint import Checkpoint
from npuport.weights.resolve import resolve

__all__ = ["Checkpoint", "resolve"]
