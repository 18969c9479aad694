"""The suite as a pytest plugin: its options, its cases, its results. `checks/conftest.py` imports it.

Nothing here imports torch before the device is ready.
"""

import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from npuport.base.child import error_message
from npuport.base.errors import PortError
from npuport.parity.case import POLICIES, Case
from npuport.port.layout import Layout, find_port
from npuport.suite.progress import ProgressLines
from npuport.suite.publish import Publisher
from npuport.suite.result import RESULT, new_result
from npuport.suite.results import CheckResult
from npuport.suite.session import Settings, SuiteSession
from npuport.weights import Checkpoint, resolve

SESSION = pytest.StashKey[SuiteSession]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the suite's options."""
    group = parser.getgroup("npuport", "parity of a ported model")
    group.addoption(
        "--device", default="auto", choices=("auto", "npu", "sim"), help="where the candidate runs"
    )
    group.addoption("--port", type=Path, help="the port's directory (default: the nearest one upwards)")
    group.addoption("--size", action="append", default=[], help="a model size; may be given more than once")
    group.addoption(
        "--weights", help="a checkpoint, as `npuport parity` takes it, instead of excited weights"
    )
    group.addoption(
        "--checkpoint", help="source, revision and digest of the directory that --weights names, as JSON"
    )
    group.addoption("--seed", type=int, default=0, help="of weights and inputs")
    group.addoption("--tree", type=Path, help="judge this tree instead of the ported one")
    group.addoption("--report", type=Path, help="the report's directory (default: out/report of the port)")
    group.addoption("--progress", action="store_true", help="one line a case on stderr, in place of pytest's")
    group.addoption(
        "--error-file", type=Path, help="where to write the error that keeps the suite from running"
    )


def pytest_configure(config: pytest.Config) -> None:
    """Make the device ready, before anything imports torch; register the report and the progress."""
    layout = (
        Layout(config.getoption("--port").resolve()) if config.getoption("--port") else find_port(Path.cwd())
    )
    report: Path | None = config.getoption("--report")
    try:
        settings = Settings(
            port=layout.root,
            device=config.getoption("--device"),
            sizes=tuple(dict.fromkeys(config.getoption("--size"))),
            weights=_weights(config, layout),
            seed=config.getoption("--seed"),
            tree=config.getoption("--tree"),
            report=report.resolve() if report else layout.report,
        )
        session = SuiteSession(settings, _progress)
        session.sizes  # noqa: B018 - an unknown size is an error now
    except PortError as error:
        raise _usage_error(config, error) from error
    config.stash[SESSION] = session
    config.pluginmanager.register(Publisher(session, config), "npuport-publisher")
    if config.getoption("--progress"):
        config.pluginmanager.register(ProgressLines(session.adapter.name), "npuport-progress")


def _weights(config: pytest.Config, layout: Layout) -> Checkpoint | None:
    """The checkpoint to run; `npuport parity` resolves it before it starts the suite."""
    spec, resolved = config.getoption("--weights"), config.getoption("--checkpoint")
    if resolved:
        return Checkpoint(path=Path(spec), **json.loads(resolved))
    return resolve(layout, spec, _progress) if spec else None


def _progress(line: str) -> None:
    print(line, file=sys.__stderr__, flush=True)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test that asks for a `case` or a `size` on all of them."""
    session = metafunc.config.stash[SESSION]
    try:
        if "case" in metafunc.fixturenames:
            metafunc.parametrize("case", cases := _cases(session), ids=[case.id for case in cases])
        elif "size" in metafunc.fixturenames:
            metafunc.parametrize("size", session.sizes)
    except PortError as error:
        raise _usage_error(metafunc.config, error) from error


def _usage_error(config: pytest.Config, error: PortError) -> pytest.UsageError:
    """What pytest ends with; with `--error-file`, `npuport parity` raises the error instead."""
    file = config.getoption("--error-file")
    if file is None:
        return pytest.UsageError(f"{error.message}\nhint: {error.hint}")
    file.write_text(json.dumps(error_message(error)), encoding="utf-8")
    return pytest.UsageError()


def _cases(session: SuiteSession) -> list[Case]:
    """A case for everything that the reference ran, so that no missing output goes unnoticed."""
    entries = {entry.name: entry for entry in session.adapter.entry_points}
    return [
        Case(size, policy, inputs, entries[name])
        for size in session.sizes
        for policy in POLICIES
        for inputs, measured in session.capture(size).manifest["ensemble"].items()
        for name in measured[policy.name]
    ]


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Sort by size, and within a size by the model on the device that the items share."""
    sizes = config.stash[SESSION].sizes

    def order(item: pytest.Item) -> tuple[int, bool]:
        case, size = _parameters(item)
        return (sizes.index(size) if size else -1, bool(case and case.policy.tight))

    items.sort(key=order)


@pytest.fixture(scope="session")
def session(request: pytest.FixtureRequest) -> SuiteSession:
    """The run: tree, device, captures, models."""
    return request.config.stash[SESSION]


@pytest.fixture
def result(request: pytest.FixtureRequest) -> CheckResult:
    """The test's entry in the report, to be filled in."""
    return request.node.stash[RESULT]  # type: ignore[no-any-return]


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Start the test's result."""
    case, size = _parameters(item)
    result = item.stash[RESULT] = new_result(item.name, item.path.stem.removeprefix("test_"))
    result["size"] = size
    if case:
        result |= {"inputs": case.inputs, "policy": case.policy.name, "entry": case.entry.name}


def _parameters(item: pytest.Item) -> tuple[Case | None, str | None]:
    """The case and the size that a test runs on; None where it has none."""
    callspec = getattr(item, "callspec", None)
    parameters = callspec.params if callspec else {}
    case: Case | None = parameters.get("case")
    return case, case.size if case else parameters.get("size")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    """Time the test without its fixtures."""
    started = time.monotonic()
    try:
        return (yield)
    finally:
        item.stash[RESULT]["seconds"] = round(time.monotonic() - started, 3)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]):  # type: ignore[no-untyped-def]
    """Complete the result from pytest's outcome, and write its figures to the JUnit file."""
    report = yield
    result = item.stash[RESULT]
    if report.skipped:
        reason = report.longrepr[2].removeprefix("Skipped: ") if isinstance(report.longrepr, tuple) else ""
        has_reason = reason not in ("", "Skipped", "unconditional skip")
        result["word"] = "skip" if has_reason else "fail"
        result["reason"] = reason if has_reason else "skipped without a reason"
    elif report.failed and not (result["reason"] and report.when == "call"):
        error = call.excinfo.value if call.excinfo else "unknown"
        result["word"], result["reason"] = "error", f"{type(error).__name__}: {error}".splitlines()[0]
    elif report.passed and report.when == "call":
        result["word"] = "pass"
    if report.when == "call":  # pytest writes them with the teardown's report
        item.user_properties.append(("verdict", result["word"]))
        if result["ratio"] is not None:
            item.user_properties.append(("ratio", f"{result['ratio']:.4g}"))
    return report
