"""What in a tree still assumes CUDA. Upstream's code is read, never run.

source.tree -> scan (python, shell, documents: rules, apis, values, calls, guards)
            -> reach (from the adapter) -> coverage (by the series) -> report (text, JSON, SARIF)
match: what is new since another version        draft: `--fix`, out of the findings' own edits
"""

from collections.abc import Collection, Mapping, Sequence

from npuport.audit.finding import Finding


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
        adapter: the port's adapter, from which the model path starts; None where there is none.
        only: the paths to look at; None for all.
        jobs: the processes to use; None for as many as pay.
    """
    from npuport.audit.reach import Reached
    from npuport.audit.scan import scan

    found = scan(files, only=only, jobs=jobs)
    if adapter is None or not found:
        return tuple(found)
    reached = Reached(files, adapter)
    return tuple(reached.judge(finding) for finding in found)


def changed(old: Mapping[str, bytes], new: Mapping[str, bytes]) -> frozenset[str]:
    """The paths of a tree that an older one had not, or had otherwise."""
    return frozenset(path for path, data in new.items() if old.get(path) != data)


def new_since(
    old: Mapping[str, bytes], new: Mapping[str, bytes], findings: Sequence[Finding]
) -> tuple[Finding, ...]:
    """Those of the new tree's findings that the old tree had not, wherever in it they stood."""
    from npuport.audit.match import added
    from npuport.audit.scan import scan

    fresh, gone = changed(old, new), changed(new, old)
    before, after = {path: old[path] for path in gone}, {path: new[path] for path in fresh}
    known = scan(old, only=sorted(gone))
    return tuple(added(known, [f for f in findings if f.path in fresh], before, after))


def new_assumptions(old: Mapping[str, bytes], new: Mapping[str, bytes], adapter: bytes) -> tuple[str, ...]:
    """The CUDA assumptions that are new in a tree, one line each, for a report.

    Args:
        old: the tree at the old pin.
        new: at the new one.
        adapter: the port's adapter.
    """
    from npuport.audit.report import line_of

    found = audit(new, adapter=adapter, only=sorted(changed(old, new)))
    return tuple(line_of(finding) for finding in new_since(old, new, found))
