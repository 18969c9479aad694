"""One line a case, for a person who waits."""

import sys

import pytest

from npuport.suite.result import Result


class Progress:
    """Takes the place of pytest's own terminal output."""

    def __init__(self, key: pytest.StashKey[Result], name: str) -> None:
        self._key = key
        self._name = name
        self._group: tuple[str | None, ...] | None = None

    @pytest.hookimpl(trylast=True)
    def pytest_runtest_teardown(self, item: pytest.Item) -> None:
        """Say what a case came to."""
        found = item.stash.get(self._key, None)
        if found is None:
            return
        group = (found.size, found.policy, found.inputs)
        if group != self._group:
            self._group = group
            title = " · ".join(filter(None, (self._name, *group)))
            self._say(f"\n{title}")
        ratio = "" if found.ratio is None else f"{found.ratio:.2f}"
        self._say(f"  {found.word:<6} {ratio:>7}  {label(found):<52} {found.seconds:6.2f} s")
        if found.word != "pass":
            self._say(f"         {found.reason}")
        for operation in found.fallbacks:
            self._say(f"         ran on the CPU: {operation}")

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Show what could not even be collected."""
        if report.failed:
            self._say(f"  error  {report.nodeid}\n{report.longreprtext}")

    @staticmethod
    def _say(line: str) -> None:
        print(line, file=sys.__stderr__, flush=True)  # pytest has taken sys.stderr


def label(result: Result) -> str:
    """What a person calls the case: its entry point, or the check's own name."""
    return result.entry or result.id.partition("[")[0].removeprefix("test_").replace("_", " ")
