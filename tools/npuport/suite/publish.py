"""The report of a run, published when pytest is done: all of it, or nothing."""

import json
import shutil
import tempfile
import time
from pathlib import Path

import pytest

from npuport.base import files
from npuport.parity.flags import flags
from npuport.suite.report import render, results_json
from npuport.suite.result import RESULT, new_result
from npuport.suite.results import CheckResult, Selection, overall
from npuport.suite.session import SuiteSession


class Publisher:
    """Collects every result; at the end writes results.json, report.md and junit.xml, and publishes them."""

    def __init__(self, session: SuiteSession, config: pytest.Config) -> None:
        self._session = session
        self._results: list[CheckResult] = []
        self._selection = Selection(expression=config.option.keyword, deselected=0)
        self._started = time.time()
        self._default_flags = flags()
        self._scratch = tempfile.TemporaryDirectory(prefix="npuport-parity-")
        self._junit = Path(self._scratch.name) / "junit.xml"
        config.option.xmlpath = str(self._junit)  # pytest's own writer fills it

    def pytest_deselected(self, items: list[pytest.Item]) -> None:
        """Count what `-k` leaves out; the report shows the number."""
        self._selection["deselected"] += len(items)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Record a test file that cannot be imported as an error."""
        if report.failed:
            result = new_result(report.nodeid, "collection")
            result["reason"] = report.longreprtext.strip().splitlines()[-1]
            self._results.append(result)

    @pytest.hookimpl(trylast=True)
    def pytest_runtest_teardown(self, item: pytest.Item) -> None:
        """Record a check's result."""
        self._results.append(item.stash[RESULT])

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Write and publish, unless the run was interrupted or only listed its cases."""
        interrupted = session.exitstatus in (pytest.ExitCode.INTERRUPTED, pytest.ExitCode.INTERNAL_ERROR)
        if not interrupted and not session.config.option.collectonly:
            self._publish(self._session.settings.report)
            if overall(self._results) != "pass":
                session.exitstatus = pytest.ExitCode.TESTS_FAILED
        self._scratch.cleanup()

    def _publish(self, report: Path) -> None:
        data = results_json(
            self._session,
            self._results,
            self._selection,
            started=self._started,
            default_flags=self._default_flags,
        )
        text = json.dumps(data, indent=1, allow_nan=False, ensure_ascii=False) + "\n"
        with files.staged_directory(report.parent) as staging:
            files.write_atomically(staging / "results.json", text.encode())
            files.write_atomically(staging / "report.md", render(data).encode())
            shutil.copyfile(self._junit, staging / "junit.xml")
            (staging / "captures").mkdir()
            for size in data["captures"]:
                manifest = self._session.capture(size).path / "manifest.json"
                shutil.copyfile(manifest, staging / "captures" / f"{size}.json")
            files.publish(staging, report)
