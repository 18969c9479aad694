"""What a move of the pin does to one patch, with everything a person needs to decide about it."""

from dataclasses import asdict, dataclass
from typing import Any, Literal

from npuport.git.history import UpstreamCommit

#: clean       applies exactly where it says; keeps its bytes
#: moved       applies, its lines unchanged, at other line numbers
#: renamed     upstream renamed a file that it changes, and it was carried there
#: merged      merged three-way: upstream changed lines beside those that it changes
#: upstreamed  upstream has this change already; it leaves the series
#: resolved    a person resolved its conflict
#: edited      a person edited it
#: skipped     a person left it out
#: conflict    needs a person: upstream changed the lines that it changes
#: deleted     needs a person: upstream deleted a file that it changes
Kind = Literal[
    "clean",
    "moved",
    "renamed",
    "merged",
    "upstreamed",
    "resolved",
    "edited",
    "skipped",
    "conflict",
    "deleted",
]


@dataclass(frozen=True)
class Offset:
    """A hunk (counted from 1) that lands so many lines further down than its patch says."""

    path: str
    hunk: int
    lines: int


@dataclass(frozen=True)
class Rename:
    """A file that upstream renamed, and the commit that did it, where history tells."""

    old: str
    new: str
    commit: UpstreamCommit | None


@dataclass(frozen=True)
class Clash:
    """One place where patch and upstream disagree.

    Args:
        path: the file, as upstream names it now; the old name where it is deleted.
        hunk: the patch's hunk in that file, counted from 1; 0 where it is about the whole file.
        line: where the conflict markers start in the session's tree, counted from 1; 0 where there are none.
        upstream: the lines that upstream has there now.
        expected: the lines that the patch expected.
        wanted: the lines that the patch puts there.
        reason: what happened, in a few words: `upstream deleted the file`, `upstream converted it to CRLF`.
        culprit: the upstream commit that changed those lines, or deleted the file.
        elsewhere: where the expected lines are now, `path:line`; empty where nowhere.
    """

    path: str
    hunk: int
    line: int
    upstream: tuple[str, ...]
    expected: tuple[str, ...]
    wanted: tuple[str, ...]
    reason: str
    culprit: UpstreamCommit | None
    elsewhere: str = ""


@dataclass(frozen=True)
class Verdict:
    """The verdict on one patch.

    Args:
        patch: its name in the old series.
        kind: see `Kind`.
        offsets: the hunks that moved.
        renames: the files that it was carried to.
        clashes: where it needs a person; kept when that person has resolved it.
        commit: of an upstreamed patch, the upstream commit that brought the change.
    """

    patch: str
    kind: Kind
    offsets: tuple[Offset, ...] = ()
    renames: tuple[Rename, ...] = ()
    clashes: tuple[Clash, ...] = ()
    commit: UpstreamCommit | None = None

    @property
    def needs_person(self) -> bool:
        """Whether the series cannot go on without a decision."""
        return self.kind in ("conflict", "deleted")

    @property
    def kept(self) -> bool:
        """Whether the patch is in the new series."""
        return self.kind not in ("upstreamed", "skipped") and not self.needs_person

    @property
    def detail(self) -> str:
        """What the kind does not say, in one line; empty where there is nothing more to say."""
        told = [f"{r.old} is now {r.new}{f' by {r.commit}' if r.commit else ''}" for r in self.renames]
        if self.kind in ("moved", "renamed", "merged"):
            lines = sorted({offset.lines for offset in self.offsets if offset.lines})
            told += [f"by {', '.join(f'{line:+d}' for line in lines)} lines"] if lines else []
        if self.kind == "upstreamed":
            told.append(f"by {self.commit}" if self.commit else "upstream has it already")
        for clash in self.clashes:
            where = f"{clash.path}, hunk {clash.hunk}" if clash.hunk else clash.path
            told.append(f"{where}: {clash.reason}{f' in {clash.culprit}' if clash.culprit else ''}")
        return "; ".join(told)

    def as_json(self) -> dict[str, Any]:
        """Plain data; `from_json` reads it."""
        return asdict(self) | {"needs_person": self.needs_person}


def verdict_from_json(data: dict[str, Any]) -> Verdict:
    """A verdict out of `as_json`'s data, or of the same after a trip through JSON."""
    return Verdict(
        data["patch"],
        data["kind"],
        tuple(Offset(**offset) for offset in data["offsets"]),
        tuple(Rename(r["old"], r["new"], _commit(r["commit"])) for r in data["renames"]),
        tuple(_clash(clash) for clash in data["clashes"]),
        _commit(data["commit"]),
    )


def _clash(data: dict[str, Any]) -> Clash:
    sides = {side: tuple(data[side]) for side in ("upstream", "expected", "wanted")}
    return Clash(**(data | sides | {"culprit": _commit(data["culprit"])}))


def _commit(data: dict[str, Any] | None) -> UpstreamCommit | None:
    return UpstreamCommit(**data) if data else None
