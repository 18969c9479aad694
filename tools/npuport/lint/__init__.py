"""Check a series for everything that a maintainer would send a patch back for.

    patch.reader -> mail, shape, added (each patch) -> between (two patches) -> applying (the pin)

Nothing stops at the first finding, and a malformed patch is checked like the others.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from npuport.base.errors import PortError
from npuport.base.sarif import SarifResult
from npuport.lint.added import check_added
from npuport.lint.applying import check_applying
from npuport.lint.between import check_between, check_names
from npuport.lint.mail import check_mail
from npuport.lint.rules import LEVELS, path_of
from npuport.lint.shape import check_shape
from npuport.patch.parts import Patch
from npuport.patch.reader import read_patch
from npuport.port import upstream
from npuport.port.layout import Layout
from npuport.port.lock import read_lock
from npuport.port.series import SERIES, named_lines

#: The field of a mail's header that lists, separated by blanks, the rules that do not hold for this patch.
IGNORE = "x-lint-ignore"


@dataclass(frozen=True)
class Lint:
    """The findings in a series.

    Args:
        findings: in the order of the series, then of the lines.
        patches: how many patches were read.
        applied: whether they were also applied to the pin, which has to be in the cache for that.
    """

    findings: tuple[SarifResult, ...]
    patches: int
    applied: bool


def lint(layout: Layout, *, only: Collection[str] = (), ignore: Collection[str] = ()) -> Lint:
    """Check a series. Uses no network and changes nothing.

    Args:
        only: names of the patches whose findings are wanted; all where it is empty.
        ignore: rules that are left out; an error never is.

    Raises:
        PortError: no lock, no series, no such patch, no such rule.
    """
    lock = read_lock(layout.lock)
    lines = named_lines(layout.patches / SERIES)
    files = sorted(path.name for path in layout.patches.glob("*.patch") if _is_regular(path))
    named = [name for name in dict.fromkeys(name for _, name in lines) if name in files]
    names = [*named, *(name for name in files if name not in named)]
    if unknown := sorted(set(only) - set(names)):
        raise PortError(f"{layout.patches} has no patch {unknown[0]}", hint=f"one of {SERIES}")
    if unknown := sorted(set(ignore) - set(LEVELS)):
        raise PortError(f"there is no rule {unknown[0]}", hint="docs/reference/lint.md lists the rules")
    patches = {name: read_patch(name, (layout.patches / name).read_bytes()) for name in names}
    findings = [*check_names(lines, files), *check_between(patches.values())]
    for patch in patches.values():
        findings += check_patch(patch, lock.license_file)
    repository = upstream.cached(upstream.absolute_url(lock.url, layout.root))
    applied = repository.is_dir() and upstream.has(repository, lock.commit)
    if applied:
        findings += check_applying(repository, lock.commit, [patches[name] for name in named])
    ignored = {
        path_of(name): {*ignore, *patch.fields.get(IGNORE, "").split()} for name, patch in patches.items()
    }
    kept = [
        finding
        for finding in findings
        if (finding.level == "error" or finding.rule not in ignored.get(finding.path, ignore))
        and (not only or finding.path.rpartition("/")[2] in only)
    ]
    order = {path_of(name): number for number, name in enumerate((SERIES, *names))}
    kept.sort(key=lambda finding: (order[finding.path], finding.line))
    return Lint(tuple(kept), len(patches), applied)


def check_patch(patch: Patch, license_path: str) -> Iterator[SarifResult]:
    """All findings in one patch.

    Args:
        license_path: of upstream's licence in its tree.
    """
    yield from check_mail(patch)
    yield from check_shape(patch, license_path)
    yield from check_added(patch)


def _is_regular(path: Path) -> bool:
    return path.is_file() and not path.is_symlink()
