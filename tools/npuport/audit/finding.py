"""One place that assumes CUDA."""

from dataclasses import asdict, dataclass
from typing import Any, Literal

#: error    fails on an NPU, or is silently wrong there, when the line runs as it stands
#: warning  runs on an NPU, but without its help or with other settings than were meant
#: note     worth knowing; nothing need change
Level = Literal["error", "warning", "note"]
LEVELS: tuple[Level, ...] = ("error", "warning", "note")

#: reached   a function that the entry points reach
#: imported  runs when the model's modules are imported
#: no        neither
#: unknown   no entry points are known
Reach = Literal["reached", "imported", "no", "unknown"]
Shim = Literal["yes", "partly", "no"]


@dataclass(frozen=True)
class Edit:
    """Bytes of a file, counted from 0, that become others."""

    start: int
    end: int
    new: bytes


@dataclass(frozen=True)
class Fix:
    """A mechanical change: its edits, and whether they use the helper or the name `torch`."""

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
        level: see `Level`; one step lower where it is guarded.
        code: the line, stripped.
        what: the name or text that was found, `torch.cuda.synchronize`.
        neutral: what to write instead.
        shim: whether `torch_npu.contrib.transfer_to_npu` would have covered it.
        guarded: it runs only where CUDA, or the package that it needs, is present.
        scope: the function it is in, `Class.method`; empty at the module's own level.
        fix: the mechanical change; None where a person must think.
        reach: see `Reach`.
        via: how it is reached, the entry point first.
        covered_by: the patch of the series after which it is gone; empty where there is none.
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
        """Whether the model path may meet it; where no entry points are known, it may."""
        return self.reach != "no"

    @property
    def blocks(self) -> bool:
        """Whether somebody has to do something: an error on the model path that no patch covers."""
        return self.level == "error" and self.on_path and not self.covered_by

    def as_json(self) -> dict[str, Any]:
        """Plain data, without the fix's edits."""
        data = asdict(self)
        return data | {"fix": self.fix is not None, "via": list(self.via)}


def lowered(level: Level) -> Level:
    """One step less."""
    return LEVELS[min(LEVELS.index(level) + 1, 2)]
