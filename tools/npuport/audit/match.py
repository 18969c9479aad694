"""Which finding of one version of a file is which of another: by content, not by line number."""

import difflib
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

from npuport.audit.finding import Finding

#: From which share of common lines on an added file is a renamed one.
_SIMILAR = 0.5


def paired(
    old: Sequence[Finding], new: Sequence[Finding], old_data: bytes, new_data: bytes
) -> dict[int, int]:
    """The indices of new findings with those of the old findings that they are.

    First by the line, where that has stayed; then by what stands there and in which function.
    """
    lines = _kept_lines(old_data, new_data)
    free = set(range(len(old)))
    pairs: dict[int, int] = {}

    def pair(key: "object") -> None:
        places: dict[object, list[int]] = defaultdict(list)
        for index in sorted(free):
            places[key(old[index], True)].append(index)  # type: ignore[operator]
        for index, finding in enumerate(new):
            if index not in pairs and (found := places.get(key(finding, False))):  # type: ignore[operator]
                pairs[index] = found.pop(0)
                free.discard(pairs[index])

    pair(lambda f, is_old: (lines.get(f.line, -f.line) if is_old else f.line, f.rule, f.what))
    pair(lambda f, _: (f.rule, f.what, f.code, f.scope))
    pair(lambda f, _: (f.rule, f.what, f.code))
    pair(lambda f, _: (f.rule, f.what, f.scope))
    return pairs


def _kept_lines(old: bytes, new: bytes) -> dict[int, int]:
    """The lines that both versions have, old number to new, counted from 1."""
    if old == new:
        return {number: number for number in range(1, old.count(b"\n") + 2)}
    matcher = difflib.SequenceMatcher(None, old.splitlines(), new.splitlines(), autojunk=False)
    return {
        block.a + step + 1: block.b + step + 1
        for block in matcher.get_matching_blocks()
        for step in range(block.size)
    }


def renames(old: Mapping[str, bytes], new: Mapping[str, bytes]) -> dict[str, str]:
    """The new paths of files that were renamed, with their old ones: the same bytes, or half of the lines."""
    gone = [path for path in old if path not in new]
    come = [path for path in new if path not in old]
    found: dict[str, str] = {}
    by_content = {old[path]: path for path in reversed(gone)}
    for path in come:
        if (match := by_content.get(new[path])) and match not in found.values():
            found[path] = match
    left = [path for path in gone if path not in found.values()]
    lines = {path: Counter(_telling(old[path])) for path in left}
    for path in come:
        if path in found or not left:
            continue
        mine = Counter(_telling(new[path]))
        scores = {p: (mine & lines[p]).total() / max(mine.total(), lines[p].total(), 1) for p in left}
        best = max(left, key=lambda p: scores[p])
        if scores[best] >= _SIMILAR and path.rpartition(".")[2] == best.rpartition(".")[2]:
            found[path] = best
            left.remove(best)
    return found


def _telling(data: bytes) -> list[bytes]:
    return [line.strip() for line in data.splitlines() if len(line.strip()) > 3]


def added(
    old: Sequence[Finding], new: Sequence[Finding], before: Mapping[str, bytes], after: Mapping[str, bytes]
) -> list[Finding]:
    """The findings that an older tree had not; in renamed files and moved code they are not new."""
    olds, news = _by_path(old), _by_path(new)
    gone = {path: before[path] for path in olds if path not in after}
    moved = renames(gone, {path: after[path] for path in news if path not in before})
    fresh: list[Finding] = []
    left: list[Finding] = []
    for path, found in news.items():
        source = moved.get(path, path)
        known = olds.pop(source, [])
        pairs = paired(known, found, before.get(source, b""), after[path]) if known else {}
        fresh += [finding for index, finding in enumerate(found) if index not in pairs]
        left += [finding for index, finding in enumerate(known) if index not in pairs.values()]
    return _without_moved(fresh, [*left, *(finding for rest in olds.values() for finding in rest)])


def _without_moved(fresh: Sequence[Finding], left: Sequence[Finding]) -> list[Finding]:
    """What is new once code that moved from file to file is taken out."""
    gone = Counter((f.rule, f.what, f.code, f.scope.rpartition(".")[2]) for f in left)
    kept = []
    for finding in fresh:
        key = (finding.rule, finding.what, finding.code, finding.scope.rpartition(".")[2])
        if gone[key]:
            gone[key] -= 1
        else:
            kept.append(finding)
    return kept


def _by_path(findings: Sequence[Finding]) -> dict[str, list[Finding]]:
    groups: dict[str, list[Finding]] = defaultdict(list)
    for finding in findings:
        groups[finding.path].append(finding)
    return groups
