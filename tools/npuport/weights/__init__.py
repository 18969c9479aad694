"""Trained weights: from a directory, or from a hub at a pinned revision, verified before they are loaded.

In the order of the data: `spec` (what the user names), `lock` (`weights.lock`: a model's files and hashes),
`hub` and `client` (a hub's answers) with `huggingface`, `modelscope` and `openmind`, `fetch` (download,
verify, publish in the cache), `checkpoint` and `header` (a directory's files, their hashes, whether they
are complete), `resolve` (all of these, for a command).
"""

from npuport.weights.checkpoint import Checkpoint
from npuport.weights.resolve import resolve

__all__ = ["Checkpoint", "resolve"]
