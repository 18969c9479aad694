"""Which patch of a series covers a finding: takes it away, or lets it run only where CUDA is.

The series is applied in memory, and the files that a patch changes are looked at after it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from npuport.audit.finding import Finding
from npuport.audit.match import paired
from npuport.audit.scan import Roots, scan_file
from npuport.port.series import PatchFile


def covered(
    findings: Sequence[Finding],
    files: Mapping[str, bytes],
    repository: Path,
    commit: str,
    series: Sequence[PatchFile],
) -> list[Finding]:
    """The findings of a commit's tree, each with the first patch that covers it.

    Args:
        findings: of that tree.
        files: that tree.
        series: the patches, which apply to the commit exactly.

    Raises:
        PortError: one of them does not.
    """
    from npuport.patch.apply import apply_exactly, load_tree
    from npuport.patch.mail import parse_patch

    patches = [parse_patch(file.name, file.data) for file in series]
    tree = load_tree(repository, commit, patches)
    now, roots = dict(files), Roots(files)
    open_: dict[str, list[tuple[Finding, int]]] = {}
    for index, finding in enumerate(findings):
        open_.setdefault(finding.path, []).append((finding, index))
    by: dict[int, str] = {}
    for patch in patches:
        apply_exactly(tree, patch)
        for change in patch.changes:
            before = [] if change.copy else open_.pop(change.old or "", [])
            old = now.get(change.old or "", b"")
            if change.old and not change.copy:
                now.pop(change.old, None)
            lines = tree[change.new].lines if change.new else None
            data = b"".join(lines or [])
            after = scan_file(change.new, data, roots.local(change.new)) if change.new else []
            pairs = {
                mine: theirs for theirs, mine in paired([f for f, _ in before], after, old, data).items()
            }
            for number, (_, index) in enumerate(before):
                known = pairs.get(number)
                if known is None or (after[known].guarded and not findings[index].guarded):
                    by.setdefault(index, patch.name)
            if change.new:
                now[change.new] = data
                kept = [(after[pairs[n]], index) for n, (_, index) in enumerate(before) if n in pairs]
                open_[change.new] = kept
    return [replace(finding, covered_by=by.get(index, "")) for index, finding in enumerate(findings)]
