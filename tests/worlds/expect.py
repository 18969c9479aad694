"""What a test expects of one patch's verdict, and the comparison with what the command's JSON says of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]


@dataclass(frozen=True)
class Expected:
    """A verdict to be; what is None is not looked at.

    Args:
        kinds: the kinds that may be.
        lines: by how many lines its hunks move, each number once, in rising order.
        renames: old path to new.
        by: the subject of the upstream commit that renamed, brought or clashed.
        path: where it clashes.
        hunk: the patch's hunk there.
        reason: a word of the clash's reason.
        elsewhere: how the place begins at which the expected lines are now.
    """

    kinds: tuple[str, ...]
    lines: tuple[int, ...] | None = None
    renames: Mapping[str, str] = field(default_factory=dict)
    by: str | None = None
    path: str | None = None
    hunk: int | None = None
    reason: str | None = None
    elsewhere: str | None = None

    @property
    def needs_person(self) -> bool:
        """Whether the rebase stops here."""
        return bool({"conflict", "deleted"} & set(self.kinds))

    @property
    def kept(self) -> bool:
        """Whether the patch stays in the series."""
        return not self.needs_person and not {"upstreamed", "skipped"} & set(self.kinds)

    def check(self, verdict: Json) -> None:
        """Compare with a verdict of the command's JSON."""
        assert verdict["kind"] in self.kinds, verdict
        assert verdict["needs_person"] is self.needs_person, verdict
        if self.lines is not None:
            moved = sorted({offset["lines"] for offset in verdict["offsets"] if offset["lines"]})
            assert tuple(moved) == self.lines, verdict
        assert {r["old"]: r["new"] for r in verdict["renames"]} == dict(self.renames), verdict
        if self.by is not None:
            assert self.by in self._culprits(verdict), verdict
        if self.path is not None:
            self._check_clashes(
                [clash for clash in verdict["clashes"] if clash["path"] == self.path], verdict
            )

    def _culprits(self, verdict: Json) -> set[str]:
        commits = [verdict["commit"], *(r["commit"] for r in verdict["renames"])]
        if self.needs_person:
            commits = [clash["culprit"] for clash in verdict["clashes"]]
        return {commit["subject"] for commit in commits if commit}

    def _check_clashes(self, clashes: list[Json], verdict: Json) -> None:
        assert clashes, verdict
        if self.hunk is not None:
            assert self.hunk in {clash["hunk"] for clash in clashes}, verdict
        if self.reason is not None:
            assert any(self.reason in clash["reason"] for clash in clashes), verdict
        if self.elsewhere is not None:
            assert any(clash["elsewhere"].startswith(self.elsewhere) for clash in clashes), verdict
        assert all(clash["reason"] for clash in clashes), verdict


def clean() -> Expected:
    """It applies where it says; keeps its bytes."""
    return Expected(("clean",), ())


def moved(*lines: int) -> Expected:
    """It applies so many lines further down."""
    return Expected(("moved",), lines)


def merged(*lines: int) -> Expected:
    """git merged it; where lines are given, its hunks moved by them."""
    return Expected(("merged",), lines or None)


def renamed(files: Mapping[str, str], *lines: int, by: str | None = None) -> Expected:
    """It was carried to files that upstream renamed."""
    return Expected(("renamed",), lines or None, files, by)


def upstreamed(by: str | None = None) -> Expected:
    """Upstream has it already."""
    return Expected(("upstreamed",), by=by)


def resolved() -> Expected:
    """The user resolved it."""
    return Expected(("resolved",))


def skipped() -> Expected:
    """The user left it out."""
    return Expected(("skipped",))


def conflict(
    path: str,
    hunk: int | None = None,
    *,
    by: str | None = None,
    reason: str | None = None,
    elsewhere: str | None = None,
) -> Expected:
    """It needs a decision: upstream changed the lines that the patch changes."""
    return Expected(("conflict",), None, {}, by, path, hunk, reason, elsewhere)


def deleted(path: str, *, by: str | None = None, elsewhere: str | None = None) -> Expected:
    """It needs a decision: upstream deleted a file that the patch changes."""
    return Expected(("deleted",), None, {}, by, path, 0, None, elsewhere)
