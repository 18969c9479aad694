"""What a test of the suite found: filled in by the test, completed by pytest's outcome."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, NoReturn

import pytest

if TYPE_CHECKING:
    from npuport.parity.compare import Comparison

Word = Literal["pass", "review", "fail", "error", "skip"]

#: From best to worst; a skip has a reason, or is no skip.
ORDER: tuple[Word, ...] = ("pass", "skip", "review", "fail", "error")


@dataclass
class Result:
    """One case's verdict with its figures.

    Args:
        id: pytest's name of the case.
        check: what is checked: `output`, `identity`, `determinism`, ...
        size: the model's size, where the check has one.
        inputs: random or real.
        policy: the precision policy's name.
        entry: the entry point.
        word: the verdict.
        reason: why it is not a pass.
        ratio: the worst output's error over the ensemble's.
        seconds: of the test.
        flags: torch_npu's precision flags while it ran.
        fallbacks: operations that ran on the CPU.
        figures: what a check other than `output` measured.
        outputs: every output, judged.
    """

    id: str
    check: str
    size: str | None = None
    inputs: str | None = None
    policy: str | None = None
    entry: str | None = None
    word: Word = "error"
    reason: str = ""
    ratio: float | None = None
    seconds: float = 0.0
    flags: dict[str, bool] = field(default_factory=dict)
    fallbacks: list[str] = field(default_factory=list)
    figures: dict[str, Any] = field(default_factory=dict)
    outputs: "list[Comparison]" = field(default_factory=list)

    def judge(self, outputs: "list[Comparison]") -> None:
        """Take over the outputs' verdicts; ends the test unless all pass."""
        self.outputs = outputs
        ratios = [one.ratio for one in outputs if one.ratio is not None]
        self.ratio = max(ratios) if ratios else None
        bad = [one for one in outputs if one.word != "pass"]
        if bad:
            worst = max(bad, key=lambda one: (ORDER.index(one.word), one.ratio or float("inf")))
            others = f" (and {len(bad) - 1} more outputs)" if len(bad) > 1 else ""
            self.find(worst.word, f"{worst.output}: {worst.reason}{others}")

    def find(self, word: Word, reason: str) -> NoReturn:
        """End the test with a finding."""
        self.word, self.reason = word, reason
        pytest.fail(f"{word}: {reason}", pytrace=False)

    def require(self, holds: bool, reason: str) -> None:
        """End the test with a failure unless something holds."""
        if not holds:
            self.find("fail", reason)


def worst(results: list[Result]) -> Word:
    """The verdict over all: the worst of them; an error where nothing ran."""
    if not any(result.word != "skip" for result in results):
        return "error"
    return max((result.word for result in results if result.word != "skip"), key=ORDER.index)
