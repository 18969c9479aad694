"""What in a tree still assumes CUDA. Upstream's code is read, never executed.

source.tree -> scan (python, shell, documents: rules, apis, values, calls, guards)
            -> reach (from the adapter) -> coverage (by the series) -> report (text, JSON, SARIF)
match: what is new since another version        draft: `--fix`, from the edits of the findings
"""

from collections.abc import Collection, Mapping, Sequence

from npuport.audit.finding import Finding
from npuport.audit.match import added
from npuport.audit.reach import Reached
from npuport.audit.report import line_of
from npuport.audit.scan import scan


def audit(
    files: Mapping[str, bytes],
    *,
    adapter: bytes | None = None,
    only: Collection[str] | None = None,
    jobs: int | None = None,
) -> tuple[Finding, ...]:
    """Every finding of a tree, by path and line.

    Args:
        files: the tree, see `npuport.source.tree`.
        adapter: the port's adapter, at which the model path starts; None if there is none.
        only: the paths to scan; None for all.
        jobs: the number of processes; None to choose it by the size of the tree.
    """
    findings = scan(files, only=only, jobs=jobs)
    if adapter is None or not findings:
        return tuple(findings)
    reached = Reached(files, adapter)
    return tuple(reached.judge(finding) for finding in findings)


def new_since(
    old: Mapping[str, bytes], new: Mapping[str, bytes], findings: Sequence[Finding]
) -> tuple[Finding, ...]:
    """The findings of the new tree that the old tree did not have at any place."""
    fresh, gone = _changed(old, new), _changed(new, old)
    before, after = {path: old[path] for path in gone}, {path: new[path] for path in fresh}
    known = scan(old, only=gone)
    return tuple(added(known, [f for f in findings if f.path in after], before, after))


def new_assumptions(old: Mapping[str, bytes], new: Mapping[str, bytes], adapter: bytes) -> tuple[str, ...]:
    """The CUDA assumptions that are new in a tree, one line each, for a report.

    Args:
        old: the tree at the old pin.
        new: the tree at the new pin.
        adapter: the port's adapter.
    """
    findings = audit(new, adapter=adapter, only=_changed(old, new))
    return tuple(line_of(finding) for finding in new_since(old, new, findings))


def _changed(old: Mapping[str, bytes], new: Mapping[str, bytes]) -> list[str]:
    """The paths of a tree that an older one did not have, or had with other bytes; sorted."""
    return sorted(path for path, data in new.items() if old.get(path) != data)
