"""A place in a file that assumes CUDA, and what a scanner returns for a file."""

from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from typing import Literal

#: error    fails on an NPU, or gives wrong results without an error, when the line runs as it is
#: warning  runs on an NPU, but does not use it, or uses other settings than intended
#: note     information; no change is needed
Level = Literal["error", "warning", "note"]
LEVELS: tuple[Level, ...] = ("error", "warning", "note")

#: reached   in a function that the entry points reach
#: imported  runs when the model's modules are imported
#: no        neither
#: unknown   no entry points are known
Reach = Literal["reached", "imported", "no", "unknown"]
Shim = Literal["yes", "partly", "no"]


@dataclass(frozen=True)
class Edit:
    """New bytes for a range of a file's bytes, which are counted from 0."""

    start: int
    end: int
    new: bytes


@dataclass(frozen=True)
class Fix:
    """A mechanical change: its edits, and whether they use the helper function or the name `torch`."""

    edits: tuple[Edit, ...]
    helper: bool = False
    torch: bool = False


@dataclass(frozen=True)
class Finding:
    """One place that assumes CUDA.

    Args:
        path: in the tree, POSIX.
        line: counted from 1.
        column: counted from 1, in characters.
        rule: the id of its rule.
        level: see `Level`; one step lower if the finding is guarded.
        code: the line, stripped.
        what: the name or text that assumes CUDA, `torch.cuda.synchronize`.
        neutral: what to write instead.
        shim: whether `torch_npu.contrib.transfer_to_npu` would cover it.
        guarded: the code runs only if CUDA, or the package that it needs, is present.
        scope: the function around it, `Class.method`; empty at module level.
        fix: the mechanical change; None if there is none.
        reach: see `Reach`.
        via: the path from the entry points to this code, entry point first.
        covered_by: the first patch of the series that removes or guards it; empty if none does.
    """

    path: str
    line: int
    column: int
    rule: str
    level: Level
    code: str
    what: str
    neutral: str
    shim: Shim
    guarded: bool = False
    scope: str = ""
    fix: Fix | None = None
    reach: Reach = "unknown"
    via: tuple[str, ...] = ()
    covered_by: str = ""

    @property
    def on_path(self) -> bool:
        """Whether the model path includes it."""
        return self.reach in ("reached", "imported")

    @property
    def blocks(self) -> bool:
        """Whether it needs work: an error, covered by no patch, that the model path may include."""
        return self.level == "error" and self.reach != "no" and not self.covered_by

    def as_json(self) -> dict[str, object]:
        """The finding as plain data, without the fix's edits."""
        return asdict(self) | {"fix": self.fix is not None, "via": list(self.via)}


@dataclass(frozen=True)
class Embedded:
    """A program in a file of another language: `python -c` in shell, a fenced block of Markdown.

    Args:
        language: as `npuport.source.tree.kind` names it.
        data: the program.
        place: moves a finding of the program to its place in the file.
        conditions: the indices of the file's findings that are conditions around the program.
    """

    language: str
    data: bytes
    place: Callable[[Finding], Finding]
    conditions: frozenset[int] = frozenset()

    @classmethod
    def at_line(cls, language: str, data: bytes, line: int) -> "Embedded":
        """A program that starts at a line of its file and has the same lines there."""
        return cls(language, data, lambda finding: replace(finding, line=finding.line + line - 1, fix=None))


@dataclass
class Scanned:
    """What a scanner returns for a file: its findings, and the programs in it that it has not scanned."""

    findings: list[Finding] = field(default_factory=list)
    embedded: list[Embedded] = field(default_factory=list)


def lowered(level: Level) -> Level:
    return LEVELS[min(LEVELS.index(level) + 1, 2)]
