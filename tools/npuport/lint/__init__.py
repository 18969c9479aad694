"""Hygiene of the series: everything that a maintainer would send a patch back for, one line a finding.

    scan (reads anything) -> mail, shape, added (a patch each) -> between (two patches) -> applying (the pin)

Nothing stops at the first finding, and a malformed patch is searched like the others.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from npuport.base.errors import PortError
from npuport.base.sarif import Finding
from npuport.lint.added import check_added
from npuport.lint.between import check_between, check_names
from npuport.lint.mail import check_mail
from npuport.lint.rules import LEVELS
from npuport.lint.scan import Scan, scan
from npuport.lint.shape import check_shape
from npuport.patch.mail import Patch, parse_patch
from npuport.port import upstream
from npuport.port.layout import Layout
from npuport.port.lock import Lock, read_lock
from npuport.port.series import SERIES, named_lines

#: The field of a mail's header that lists, by blanks, the rules that do not hold for this patch.
IGNORE = "x-lint-ignore"


@dataclass(frozen=True)
class Lint:
    """What a series looks like.

    Args:
        findings: in the order of the series, then of the lines.
        patches: how many were read.
        applied: whether they were also tried at the pin; upstream has to be in the cache for that.
    """

    findings: tuple[Finding, ...]
    patches: int
    applied: bool


def lint(layout: Layout, *, only: Collection[str] = (), ignore: Collection[str] = ()) -> Lint:
    """Look at a series. Touches no network and changes nothing.

    Args:
        only: names of the patches whose findings are wanted; all where it is empty.
        ignore: rules that are left out; an error never is.

    Raises:
        PortError: no lock, no series, no such patch, no such rule.
    """
    lock = read_lock(layout.lock)
    lines = named_lines(layout.patches / SERIES)
    there = sorted(path.name for path in layout.patches.glob("*.patch") if _regular(path))
    names = [name for name in dict.fromkeys(name for _, name in lines) if name in there]
    names += [name for name in there if name not in names]
    if unknown := sorted(set(only) - set(names)):
        raise PortError(f"{layout.patches} has no patch {unknown[0]}", hint=f"one of {SERIES}")
    if unknown := sorted(set(ignore) - set(LEVELS)):
        raise PortError(f"there is no rule {unknown[0]}", hint="docs/reference/lint.md lists the rules")
    scans = [scan(name, (layout.patches / name).read_bytes()) for name in names]
    found = [*check_names(lines, there), *check_between(scans)]
    for one in scans:
        found += [*check_mail(one), *check_shape(one, lock.license_file), *check_added(one)]
    repository = upstream.cached(upstream.absolute_url(lock.url, layout.root))
    applied = repository.is_dir() and upstream.has(repository, lock.commit)
    if applied:
        found += _at_the_pin(repository, lock, [one for one in scans if one.name in {n for _, n in lines}])
    ignored = {one.path: {*ignore, *one.fields.get(IGNORE, "").split()} for one in scans}
    kept = [
        finding
        for finding in found
        if (finding.level == "error" or finding.rule not in ignored.get(finding.path, ignore))
        and (not only or finding.path.rpartition("/")[2] in only)
    ]
    order = {f"patches/{name}": number for number, name in enumerate((SERIES, *names))}
    kept.sort(key=lambda finding: (order[finding.path], finding.line))
    return Lint(tuple(kept), len(scans), applied)


def _regular(path: Path) -> bool:
    return path.is_file() and not path.is_symlink()


def _at_the_pin(repository: Path, lock: Lock, scans: Sequence[Scan]) -> Iterator[Finding]:
    from npuport.lint.applying import check_applying

    return check_applying(repository, lock.commit, [(one, _parsed(one)) for one in scans])


def _parsed(one: Scan) -> Patch | None:
    """The patch, whatever its fields lack; None where its diff cannot be read."""
    from npuport.lint.shape import completed

    for data in (one.data, completed(one.data)):
        try:
            return parse_patch(one.name, data)
        except PortError:
            continue
    return None
