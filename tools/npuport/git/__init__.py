"""git: `process` starts it; `repository` and `worktree` are the commands of it that npuport uses.

`history` reads what upstream did between two commits. No other module spells a git command.
"""

from npuport.git.repository import (
    IMPORTED as IMPORTED,
    Commit as Commit,
    LineEdit as LineEdit,
    TreeEntry as TreeEntry,
    blob_hash as blob_hash,
    blob_id as blob_id,
    commit_of as commit_of,
    commits_since as commits_since,
    diff as diff,
    edits as edits,
    fast_import as fast_import,
    fetch as fetch,
    has_commit as has_commit,
    keep as keep,
    list_tree as list_tree,
    log as log,
    merge_base as merge_base,
    mirror as mirror,
    read_objects as read_objects,
    tags_above as tags_above,
)
from npuport.git.worktree import (
    State as State,
    am as am,
    author as author,
    belongings as belongings,
    changed as changed,
    cherry_pick as cherry_pick,
    detach as detach,
    head as head,
    index_tree as index_tree,
    reset as reset,
    stage as stage,
    state as state,
    tree_on_disk as tree_on_disk,
    unmerged as unmerged,
    work_tree as work_tree,
)
