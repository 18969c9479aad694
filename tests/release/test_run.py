"""What `npuport release --run` runs: the parts that a release lacks, at the model's size."""

from pathlib import Path
from typing import Any

import pytest

from npuport.base.places import HARNESS
from npuport.port.layout import Layout
from npuport.port.lock import read_lock
from npuport.release import run
from npuport.release.evidence import Lack, gather
from npuport.release.model import ReleaseModel

MODEL = ReleaseModel("Toy", "Toy-p8", "tiny")


@pytest.fixture
def requests(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What the suite and the benchmark are asked for, in order; neither runs."""
    asked: dict[str, Any] = {}
    for name in ("run", "run_bench"):
        monkeypatch.setattr(run, name, lambda layout, request, *_, name=name: asked.update({name: request}))
    return asked


def test_a_port_where_nothing_has_run_gets_both(requests: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "adapter.py").touch()
    lacks = gather(Layout(tmp_path), read_lock(HARNESS / "upstream.lock"), MODEL)
    assert isinstance(lacks, tuple)
    run.run_missing(Layout(tmp_path), MODEL, lacks, "sim", print)

    assert list(requests) == ["run", "run_bench"]
    assert (requests["run"].device, requests["run"].sizes) == ("sim", ("tiny",))
    assert (requests["run_bench"].device, requests["run_bench"].size) == ("sim", "tiny")


@pytest.mark.parametrize(
    ("hint", "expected"), [("npuport parity --size tiny", ["run"]), ("npuport bench", ["run_bench"])]
)
def test_only_the_missing_part_runs(
    requests: dict[str, Any], tmp_path: Path, hint: str, expected: list[str]
) -> None:
    run.run_missing(Layout(tmp_path), MODEL, [Lack("it has not run", hint)], "npu", print)
    assert list(requests) == expected
