"""The suite as a pytest plugin: its options, its cases, its report. `checks/conftest.py` takes it in.

Nothing here imports torch before the device is ready.
"""

import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from npuport.base.errors import PortError
from npuport.base.process import error_message
from npuport.parity.case import POLICIES, Case
from npuport.port.layout import Layout, find_port
from npuport.suite.progress import Progress
from npuport.suite.result import Result
from npuport.suite.session import Session, Settings
from npuport.weights import Checkpoint, resolve

SESSION = pytest.StashKey[Session]()
RESULT = pytest.StashKey[Result]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """The suite's options."""
    group = parser.getgroup("npuport", "parity of a ported model")
    group.addoption(
        "--device", default="auto", choices=("auto", "npu", "sim"), help="where the candidate runs"
    )
    group.addoption("--port", type=Path, help="the port's directory (default: upwards of the current one)")
    group.addoption("--size", action="append", default=[], help="a model size; may be given more than once")
    group.addoption(
        "--weights", help="a checkpoint, as `npuport parity` takes it, instead of excited weights"
    )
    group.addoption("--checkpoint", help="what is known of the directory that --weights names, as JSON")
    group.addoption("--seed", type=int, default=0, help="of weights and inputs")
    group.addoption("--tree", type=Path, help="judge this tree instead of the ported one")
    group.addoption("--report", type=Path, help="the report's directory (default: out/report of the port)")
    group.addoption("--progress", action="store_true", help="one line a case on stderr, in place of pytest's")
    group.addoption(
        "--error-file", type=Path, help="where to leave the error that keeps the suite from running"
    )


def pytest_configure(config: pytest.Config) -> None:
    """Make the device ready, before anything imports torch, and take over the report."""
    layout = (
        Layout(config.getoption("--port").resolve()) if config.getoption("--port") else find_port(Path.cwd())
    )
    try:
        weights = _weights(config, layout)
    except PortError as error:
        raise _refusal(config, error) from error
    settings = Settings(
        port=layout.root,
        device=config.getoption("--device"),
        sizes=tuple(dict.fromkeys(config.getoption("--size"))),
        weights=weights,
        seed=config.getoption("--seed"),
        tree=_resolved(config.getoption("--tree")),
        report=_resolved(config.getoption("--report")) or layout.report,
    )
    try:
        session = Session(settings, lambda line: print(line, file=sys.__stderr__, flush=True))
        session.sizes  # noqa: B018 - a size that is none must show now
    except PortError as error:
        raise _refusal(config, error) from error
    from npuport.suite.publish import Publisher  # imports torch

    config.stash[SESSION] = session
    config.pluginmanager.register(Publisher(session, config), "npuport-publisher")
    if config.getoption("--progress"):
        config.pluginmanager.register(Progress(RESULT, session.adapter.name), "npuport-progress")


def _weights(config: pytest.Config, layout: Layout) -> Checkpoint | None:
    """The checkpoint; `npuport parity`, where it runs the suite, has resolved it."""
    spec, known = config.getoption("--weights"), config.getoption("--checkpoint")
    if known:
        return Checkpoint(path=Path(spec), **json.loads(known))
    return resolve(layout, spec, lambda line: print(line, file=sys.__stderr__)) if spec else None


def _resolved(path: Path | None) -> Path | None:
    return path.resolve() if path else None


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test that asks for a `case` or a `size` runs on all of them."""
    session = metafunc.config.stash[SESSION]
    try:
        if "case" in metafunc.fixturenames:
            metafunc.parametrize("case", cases := _cases(session), ids=[case.id for case in cases])
        elif "size" in metafunc.fixturenames:
            metafunc.parametrize("size", session.sizes)
    except PortError as error:
        raise _refusal(metafunc.config, error) from error


def _refusal(config: pytest.Config, error: PortError) -> pytest.UsageError:
    """What pytest ends with. `npuport parity`, where it runs the suite, takes the error over and says it."""
    file = config.getoption("--error-file")
    if file is None:
        return pytest.UsageError(f"{error.message}\nhint: {error.hint}")
    file.write_text(json.dumps(error_message(error)), encoding="utf-8")
    return pytest.UsageError()


def _cases(session: Session) -> list[Case]:
    """Every output that the reference has, so that none can go missing."""
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
    """Size by size, and within one first the cases that share a model on the device."""
    sizes = config.stash[SESSION].sizes

    def place(item: pytest.Item) -> tuple[int, bool]:
        case, size = _subject(item)
        return (sizes.index(size) if size else -1, bool(case and case.policy.tight))

    items.sort(key=place)


@pytest.fixture(scope="session")
def session(request: pytest.FixtureRequest) -> Session:
    """The run: tree, device, captures, models."""
    return request.config.stash[SESSION]


@pytest.fixture
def result(request: pytest.FixtureRequest) -> Result:
    """What the test finds; it goes into the report, on a pass too."""
    return request.node.stash[RESULT]  # type: ignore[no-any-return]


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Open the test's result."""
    case, size = _subject(item)
    found = Result(id=item.name, check=item.path.stem.removeprefix("test_"), size=size)
    if case:
        found.inputs, found.policy, found.entry = case.inputs, case.policy.name, case.entry.name
    item.stash[RESULT] = found


def _subject(item: pytest.Item) -> tuple[Case | None, str | None]:
    """The case and the size that a test is about, where it is about any."""
    callspec = getattr(item, "callspec", None)
    params: dict[str, Any] = callspec.params if callspec else {}
    case: Case | None = params.get("case")
    return case, case.size if case else params.get("size")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    """Time the test itself."""
    started = time.monotonic()
    try:
        return (yield)
    finally:
        item.stash[RESULT].seconds = round(time.monotonic() - started, 3)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]):  # type: ignore[no-untyped-def]
    """Complete the result from pytest's outcome, and hand its figures to the JUnit file."""
    report = yield
    found = item.stash[RESULT]
    if report.skipped:
        why = report.longrepr[2].removeprefix("Skipped: ") if isinstance(report.longrepr, tuple) else ""
        reasoned = why not in ("", "Skipped", "unconditional skip")
        found.word, found.reason = ("skip", why) if reasoned else ("fail", "skipped without a reason")
    elif report.failed and not (found.reason and report.when == "call"):
        error = call.excinfo.value if call.excinfo else "unknown"
        found.word, found.reason = "error", f"{type(error).__name__}: {error}".splitlines()[0]
    elif report.passed and report.when == "call":
        found.word = "pass"
    if report.when == "call":  # pytest writes them with the teardown's report
        item.user_properties.append(("verdict", found.word))
        if found.ratio is not None:
            item.user_properties.append(("ratio", f"{found.ratio:.4g}"))
    return report
