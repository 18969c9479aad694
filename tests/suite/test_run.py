"""An error that keeps the parity suite from running is one line with its hint; the old report stays."""

import json
from pathlib import Path

import pytest

from npuport.port.layout import Layout
from worlds.parity import npuport
from worlds.repository import EXAMPLE, copy_example

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Layout:
    """A copy of the example, with an old report."""
    layout = copy_example(tmp_path_factory.mktemp("port") / "patchtok")
    layout.report.mkdir(parents=True)
    (layout.report / "results.json").write_text("old")
    return layout


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--weights", "/nowhere"), "/nowhere holds no checkpoint: no such directory"),
        (("--size", "huge"), "patchtok has no size huge"),
        (("--tree", "/nowhere"), "/nowhere is not a directory"),
    ],
    ids=["no checkpoint", "no such size", "no such tree"],
)
def test_bad_input_is_one_line(port: Layout, words: tuple[str, ...], message: str) -> None:
    done = npuport("--port", str(port.root), "parity", "--device", "sim", *words)

    assert done.returncode == 1
    error, hint = done.stderr.splitlines()[-2:]
    assert error == f"error: {message}"
    assert hint.startswith("hint: ")
    assert "Traceback" not in done.stderr
    assert (port.report / "results.json").read_text() == "old"


def test_json_holds_the_error(port: Layout) -> None:
    done = npuport("--port", str(port.root), "parity", "--device", "sim", "--size", "huge", "--json")

    assert done.returncode == 1
    assert json.loads(done.stdout)["error"] == "patchtok has no size huge"


def test_a_checkpoint_and_a_size_exclude_each_other(tmp_path: Path) -> None:
    done = npuport("--port", str(EXAMPLE), "parity", "--size", "tiny", "--weights", str(tmp_path))
    assert done.returncode == 2
    assert "npuport: error: a checkpoint has a size of its own" in done.stderr
