"""Which patch of a series covers a finding: it removes the code, or makes it run only with CUDA.

The series is applied in memory. After each patch the files that it changes are scanned again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from npuport.audit.finding import Finding
from npuport.audit.match import paired
from npuport.audit.scan import Roots, scan_file
from npuport.patch.apply import apply_exactly, load_tree
from npuport.patch.mail import parse_patch
from npuport.port.series import PatchFile


def covered(
    findings: Sequence[Finding],
    files: Mapping[str, bytes],
    repository: Path,
    commit: str,
    series: Sequence[PatchFile],
) -> tuple[Finding, ...]:
    """The findings of a commit's tree, each with the first patch that covers it.

    Args:
        findings: of that tree.
        files: that tree.
        series: the patches, which apply to the commit exactly.

    Raises:
        PortError: one of them does not apply.
    """
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
            data = b"".join(tree[change.new].lines or []) if change.new else b""
            after = scan_file(change.new, data, roots.local(change.new)) if change.new else []
            pairs = {o: n for n, o in paired([f for f, _ in before], after, old, data).items()}
            for number, (_, index) in enumerate(before):
                same = pairs.get(number)
                if same is None or (after[same].guarded and not findings[index].guarded):
                    by.setdefault(index, patch.name)
            if change.new:
                now[change.new] = data
                open_[change.new] = [(after[n], before[o][1]) for o, n in sorted(pairs.items())]
    return tuple(replace(finding, covered_by=by.get(index, "")) for index, finding in enumerate(findings))
