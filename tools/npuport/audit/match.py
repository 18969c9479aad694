"""Which findings of two versions of a file or tree are the same: by content, not by line number."""

import difflib
from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Mapping, Sequence

from npuport.audit.finding import Finding

#: An added file is a renamed one from this share of common lines on.
_SIMILAR = 0.5
#: In which order findings are paired: what has to be equal, given a finding and its line in the new version.
_KEYS: tuple[Callable[[Finding, int], Hashable], ...] = (
    lambda f, line: (f.rule, f.what, line),
    lambda f, _: (f.rule, f.what, f.code, f.scope),
    lambda f, _: (f.rule, f.what, f.code),
    lambda f, _: (f.rule, f.what, f.scope),
)


def paired(
    old: Sequence[Finding], new: Sequence[Finding], old_data: bytes, new_data: bytes
) -> dict[int, int]:
    """The indices of new findings, with the indices of the same findings in the old version.

    First by the line, if that is unchanged; then by its text and the function around it.
    """
    kept = _kept_lines(old_data, new_data)
    lines = [kept.get(finding.line, -finding.line) for finding in old]
    pairs: dict[int, int] = {}
    for key in _KEYS:
        free: dict[Hashable, list[int]] = defaultdict(list)
        for index in sorted(set(range(len(old))) - set(pairs.values())):
            free[key(old[index], lines[index])].append(index)
        for index, finding in enumerate(new):
            if index not in pairs and (matches := free[key(finding, finding.line)]):
                pairs[index] = matches.pop(0)
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
    """The new paths of renamed files, with their old ones: the same bytes, or half of the lines in common."""
    gone = [path for path in old if path not in new]
    come = [path for path in new if path not in old]
    matches: dict[str, str] = {}
    by_content = {old[path]: path for path in reversed(gone)}
    for path in come:
        if (match := by_content.get(new[path])) and match not in matches.values():
            matches[path] = match
    left = [path for path in gone if path not in matches.values()]
    lines = {path: _distinctive(old[path]) for path in left}
    for path in come:
        if path in matches or not left:
            continue
        mine = _distinctive(new[path])
        scores = {p: (mine & lines[p]).total() / max(mine.total(), lines[p].total(), 1) for p in left}
        best = max(left, key=lambda p: scores[p])
        if scores[best] >= _SIMILAR and path.rpartition(".")[2] == best.rpartition(".")[2]:
            matches[path] = best
            left.remove(best)
    return matches


def _distinctive(data: bytes) -> Counter[bytes]:
    return Counter(line.strip() for line in data.splitlines() if len(line.strip()) > 3)


def added(
    old: Sequence[Finding], new: Sequence[Finding], before: Mapping[str, bytes], after: Mapping[str, bytes]
) -> list[Finding]:
    """The findings that an older tree did not have; those in renamed files and moved code are not new."""
    olds, news = _by_path(old), _by_path(new)
    gone = {path: before[path] for path in olds if path not in after}
    moved = renames(gone, {path: after[path] for path in news if path not in before})
    fresh: list[Finding] = []
    left: list[Finding] = []
    for path, findings in news.items():
        source = moved.get(path, path)
        known = olds.pop(source, [])
        pairs = paired(known, findings, before.get(source, b""), after[path]) if known else {}
        fresh += [finding for index, finding in enumerate(findings) if index not in pairs]
        left += [finding for index, finding in enumerate(known) if index not in pairs.values()]
    return _without_moved(fresh, [*left, *(finding for rest in olds.values() for finding in rest)])


def _without_moved(fresh: Sequence[Finding], left: Sequence[Finding]) -> list[Finding]:
    """The new findings without those of code that moved from file to file."""
    gone = Counter(map(_content, left))
    kept = []
    for finding in fresh:
        if gone[_content(finding)]:
            gone[_content(finding)] -= 1
        else:
            kept.append(finding)
    return kept


def _content(finding: Finding) -> tuple[str, str, str, str]:
    return finding.rule, finding.what, finding.code, finding.scope.rpartition(".")[2]


def _by_path(findings: Sequence[Finding]) -> dict[str, list[Finding]]:
    groups: dict[str, list[Finding]] = defaultdict(list)
    for finding in findings:
        groups[finding.path].append(finding)
    return groups
