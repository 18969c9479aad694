"""The result of the check that runs now: its entry in results.json, and how a check ends."""

from typing import NoReturn

import pytest

from npuport.parity.verdict import ORDER, OutputVerdict, Word
from npuport.suite.results import CheckResult

#: Where pytest keeps the result of a test.
RESULT = pytest.StashKey[CheckResult]()


def new_result(name: str, check: str) -> CheckResult:
    """A result without figures; an error until the check has ended."""
    return CheckResult(
        id=name,
        check=check,
        size=None,
        inputs=None,
        policy=None,
        entry=None,
        word="error",
        reason="",
        ratio=None,
        seconds=0.0,
        flags={},
        fallbacks=[],
        figures={},
        outputs=[],
    )


def judge_outputs(result: CheckResult, outputs: list[OutputVerdict]) -> None:
    """Record the verdicts on all outputs; end the check unless all pass."""
    result["outputs"] = outputs
    result["ratio"] = max((one["ratio"] for one in outputs if one["ratio"] is not None), default=None)
    bad = [one for one in outputs if one["word"] != "pass"]
    if bad:
        worst = max(bad, key=lambda one: (ORDER.index(one["word"]), one["ratio"] or float("inf")))
        others = f" (and {len(bad) - 1} more outputs)" if len(bad) > 1 else ""
        end(result, worst["word"], f"{worst['output']}: {worst['reason']}{others}")


def require(result: CheckResult, condition: bool, reason: str) -> None:
    """End the check as a failure unless a condition holds."""
    if not condition:
        end(result, "fail", reason)


def end(result: CheckResult, word: Word, reason: str) -> NoReturn:
    """End the check with a verdict other than a pass."""
    result["word"], result["reason"] = word, reason
    pytest.fail(f"{word}: {reason}", pytrace=False)
