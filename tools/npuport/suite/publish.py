"""Publishes the report when pytest is done: all of it, or nothing."""

import shutil
import tempfile
import time
from pathlib import Path

import pytest

from npuport.base import files
from npuport.parity.flags import flags
from npuport.suite.plugin import RESULT
from npuport.suite.report import Run, render, results_json
from npuport.suite.result import Result, worst
from npuport.suite.session import Session


class Publisher:
    """Collects every result; at the end writes results.json, report.md and junit.xml, and publishes them."""

    def __init__(self, session: Session, config: pytest.Config) -> None:
        self._session = session
        self._config = config
        self._results: list[Result] = []
        self._deselected = 0
        self._started = time.time()
        self._flags = flags()
        self._scratch = tempfile.TemporaryDirectory(prefix="npuport-parity-")
        self._junit = Path(self._scratch.name) / "junit.xml"
        config.option.xmlpath = str(self._junit)  # pytest's own writer fills it

    def pytest_deselected(self, items: list[pytest.Item]) -> None:
        """Count what `-k` left out: the report says so."""
        self._deselected += len(items)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """A test file that does not import is an error, not silence."""
        if report.failed:
            last = report.longreprtext.strip().splitlines()[-1]
            self._results.append(Result(id=report.nodeid, check="collection", word="error", reason=last))

    @pytest.hookimpl(trylast=True)
    def pytest_runtest_teardown(self, item: pytest.Item) -> None:
        """Keep the result."""
        self._results.append(item.stash[RESULT])

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Write and publish, unless the run was interrupted or only listed its cases."""
        interrupted = session.exitstatus in (pytest.ExitCode.INTERRUPTED, pytest.ExitCode.INTERNAL_ERROR)
        if not interrupted and not session.config.option.collectonly:
            self._publish(self._session.settings.report)
            if worst(self._results) != "pass":
                session.exitstatus = pytest.ExitCode.TESTS_FAILED
        self._scratch.cleanup()

    def _publish(self, report: Path) -> None:
        run = Run(
            session=self._session,
            results=self._results,
            deselected=self._deselected,
            expression=self._config.option.keyword,
            started=self._started,
            default_flags=self._flags,
        )
        data = results_json(run)
        with files.staged_directory(report.parent) as staging:
            files.write_atomically(staging / "results.json", dumped(data))
            files.write_atomically(staging / "report.md", render(data).encode())
            shutil.copyfile(self._junit, staging / "junit.xml")
            (staging / "captures").mkdir()
            for size in data["captures"]:
                manifest = self._session.capture(size).path / "manifest.json"
                shutil.copyfile(manifest, staging / "captures" / f"{size}.json")
            files.publish(staging, report)


def dumped(data: object) -> bytes:
    """Strict JSON: no NaN, no infinity."""
    import json

    return (json.dumps(data, indent=1, allow_nan=False, ensure_ascii=False) + "\n").encode()
