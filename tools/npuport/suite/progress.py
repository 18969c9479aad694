"""One line a case on stderr."""

import sys

import pytest

from npuport.suite.result import RESULT


class ProgressLines:
    """Replaces pytest's own terminal output."""

    def __init__(self, model: str) -> None:
        self._model = model
        self._group: tuple[str | None, ...] | None = None

    @pytest.hookimpl(trylast=True)
    def pytest_runtest_teardown(self, item: pytest.Item) -> None:
        """Print a case's verdict."""
        result = item.stash.get(RESULT, None)
        if result is None:
            return
        group = (result["size"], result["policy"], result["inputs"])
        if group != self._group:
            self._group = group
            _print("\n" + " · ".join(filter(None, (self._model, *group))))
        ratio = "" if result["ratio"] is None else f"{result['ratio']:.2f}"
        name = result["entry"] or result["id"].partition("[")[0].removeprefix("test_").replace("_", " ")
        _print(f"  {result['word']:<6} {ratio:>7}  {name:<52} {result['seconds']:6.2f} s")
        if result["word"] != "pass":
            _print(f"         {result['reason']}")
        for operation in result["fallbacks"]:
            _print(f"         ran on the CPU: {operation}")

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Print why a test file cannot be collected."""
        if report.failed:
            _print(f"  error  {report.nodeid}\n{report.longreprtext}")


def _print(line: str) -> None:
    print(line, file=sys.__stderr__, flush=True)  # pytest has replaced sys.stderr
