"""How the tests are laid out, and the fixtures that they share.

`tests/<room>/test_<module>.py` tests `npuport/<room>/<module>.py`. Other names are for what several modules
do together: `tests/rebase/test_conflicts.py`. `tests/softcann` tests the simulator's libraries, `tests/docs`
the documentation, `tests/examples` the bundled example, `tests/test_rooms.py` the imports. Helpers
stand in `tests/worlds` and are imported as `worlds.<module>`; no test module imports another.

Each fixture here stands on the one above it:

    cache       a cache and a home of the test's own
    upstream    a repository with two commits
    port        a port of it: a lock, a series of two patches, refreshed
    ported      the same, ported

Every test gets real git repositories below its `tmp_path`. `vtp` is the repository's own port, for the tests
marked `network`.

A test waits for an event (a line, a lock, the end of a process: `worlds.processes`), never for a time.
"""

import sys
from collections.abc import Generator
from pathlib import Path

import pytest

from npuport.edit.refresh import refresh
from npuport.port.build import PortResult
from npuport.port.build import port as make_port
from npuport.port.layout import Layout
from worlds.port import LICENSE, MODEL, SEED, Port, commit, diff_of, edited, git, make_patch
from worlds.repository import VTP, fetched


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Import torch without torch_npu, which cannot load where neither CANN nor the simulator is active.

    `worlds.softcann` loads torch_npu, after the simulator. Tests run with the environment as it was.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TORCH_DEVICE_BACKEND_AUTOLOAD", "0")
        return (yield)


def pytest_sessionfinish() -> None:
    """Write what coverage has measured: a worker of pytest-xdist that is slow to exit is killed."""
    if (module := sys.modules.get("coverage")) and (coverage := module.Coverage.current()):
        coverage.stop()
        coverage.save()


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    directory = tmp_path / "cache"
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("NPUPORT_CACHE", str(directory))
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.delenv("NPUPORT_MIRROR", raising=False)
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    return directory


@pytest.fixture
def upstream(tmp_path: Path, cache: Path) -> Path:
    repository = tmp_path / "upstream"
    repository.mkdir()
    git(repository, "init", "--quiet", "--initial-branch=main")
    commit(repository, {"LICENSE": LICENSE, "README": "A model.\n"}, "Start")
    commit(repository, {"model.py": MODEL, "tools/seed.py": SEED, "run.sh": "#!/bin/sh\n"}, "Add the model")
    return repository


@pytest.fixture
def port(tmp_path: Path, upstream: Path) -> Port:
    directory = tmp_path / "port"
    directory.mkdir()
    port = Port(Layout(directory), upstream)
    port.write_lock()
    guarded = SEED.replace("    torch.cuda.m", "    if torch.cuda.is_available():\n        torch.cuda.m")
    port.write_series(
        make_patch(diff_of(upstream, {"tools/seed.py": guarded}), "Seed what is present"),
        make_patch(diff_of(upstream, {"model.py": edited(5, "55")}), "Change value 5"),
    )
    refresh(port.layout)
    return port


@pytest.fixture
def ported(port: Port) -> PortResult:
    return make_port(port.layout)


@pytest.fixture(scope="session")
def vtp() -> Path:
    """The ported tree of the real VTP. A port that fails is a failure; only upstream out of reach skips."""
    fetched()
    return make_port(VTP).path.resolve()
