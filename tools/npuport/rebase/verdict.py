"""What a move of the pin does to one patch, with everything that a decision about it needs."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from npuport.base.schema import Count
from npuport.git.history import UpstreamCommit

#: clean       applies exactly where it says; keeps its bytes
#: moved       applies, its lines unchanged, at other line numbers
#: renamed     upstream renamed a file that it changes, and it was carried there
#: merged      merged three-way: upstream changed lines beside those that it changes
#: upstreamed  upstream has this change already; it leaves the series
#: resolved    the user resolved its conflict
#: edited      the user edited it
#: skipped     the user left it out
#: conflict    needs a decision: upstream changed the lines that it changes
#: deleted     needs a decision: upstream deleted a file that it changes
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
    """A hunk that applies at another line than its patch says.

    Args:
        path: the file.
        hunk: its number in the file's changes, counted from 1.
        lines: how many lines further down it applies; negative for further up.
    """

    path: str
    hunk: Count
    lines: int


@dataclass(frozen=True)
class Rename:
    """A file that upstream renamed.

    Args:
        old: its path at the old pin.
        new: its path at the new pin.
        commit: the upstream commit that renamed it; null where the history does not show it.
    """

    old: str
    new: str
    commit: UpstreamCommit | None


@dataclass(frozen=True)
class Clash:
    """One place where the patch and upstream conflict.

    Args:
        path: the file, as upstream names it now; the old name where it is deleted.
        hunk: the patch's hunk in that file, counted from 1; 0 where it is about the whole file.
        line: where the conflict markers start in the session's tree, counted from 1; 0 where there are none.
        upstream: the lines that upstream has now.
        expected: the lines that the patch expected.
        wanted: the lines that the patch puts in their place.
        reason: what happened, in a few words: `upstream deleted the file`, `upstream converted it to CRLF`.
        culprit: the upstream commit that changed those lines, or deleted the file.
        elsewhere: where the expected lines are now, `path:line`; empty where nowhere.
    """

    path: str
    hunk: Count
    line: Count
    upstream: tuple[str, ...]
    expected: tuple[str, ...]
    wanted: tuple[str, ...]
    reason: str
    culprit: UpstreamCommit | None
    elsewhere: str = ""

    @property
    def place(self) -> str:
        """The file, and the hunk where it is about one."""
        return f"{self.path}, hunk {self.hunk}" if self.hunk else self.path


@dataclass(frozen=True)
class Verdict:
    """The verdict on one patch.

    Args:
        patch: its file's name in the old series.
        kind: what happened to it.
        needs_person: whether the series cannot go on without a decision about it.
        offsets: the hunks that moved.
        renames: the files that it was carried to.
        clashes: its conflicts; kept when they are resolved.
        commit: of an upstreamed patch, the upstream commit that brought the change.
    """

    patch: str
    kind: Kind
    offsets: tuple[Offset, ...] = ()
    renames: tuple[Rename, ...] = ()
    clashes: tuple[Clash, ...] = ()
    commit: UpstreamCommit | None = None
    needs_person: bool = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "needs_person", self.kind in ("conflict", "deleted"))

    @property
    def kept(self) -> bool:
        """Whether the patch is in the new series."""
        return self.kind not in ("upstreamed", "skipped") and not self.needs_person

    @property
    def detail(self) -> str:
        """One line about the kind's cause; empty where there is nothing more to say."""
        parts = [f"{r.old} is now {r.new}{f' by {r.commit}' if r.commit else ''}" for r in self.renames]
        if self.kind in ("moved", "renamed", "merged"):
            lines = sorted({offset.lines for offset in self.offsets if offset.lines})
            parts += [f"by {', '.join(f'{line:+d}' for line in lines)} lines"] if lines else []
        if self.kind == "upstreamed":
            parts.append(f"by {self.commit}" if self.commit else "upstream has it already")
        for clash in self.clashes:
            parts.append(f"{clash.place}: {clash.reason}{f' in {clash.culprit}' if clash.culprit else ''}")
        return "; ".join(parts)


def counts(kinds: Sequence[str]) -> str:
    """How often each kind occurs, `3 clean, 1 moved`; `no patches` where there are none."""
    return ", ".join(f"{kinds.count(kind)} {kind}" for kind in dict.fromkeys(kinds)) or "no patches"
