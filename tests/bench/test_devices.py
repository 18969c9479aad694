"""`npuport bench` of the example, as a user runs it: on the CPU, on the simulator, on one that fails."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from npuport.base.places import HARNESS
from worlds.parity import npuport
from worlds.repository import copy_example

pytestmark = pytest.mark.slow

SCHEMA = json.loads((HARNESS / "docs" / "bench.schema.json").read_text(encoding="utf-8"))
SHORT = ("--size", "tiny", "--entry", "encode", "--rounds", "2", "--iterations", "4", "--seconds", "0.2")


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """patchtok, ported."""
    directory = copy_example(tmp_path_factory.mktemp("bench") / "patchtok").root
    assert npuport("--port", str(directory), "port").returncode == 0
    return directory


def _bench(port: Path, *words: str, **environment: str) -> tuple[int, dict[str, Any], dict[str, Any]]:
    """Its code, its answer and its results."""
    done = npuport("--port", str(port), "bench", *SHORT, *words, "--json", **environment)
    assert done.stdout, done.stderr
    results = json.loads((port / "out" / "bench" / "results.json").read_bytes())
    jsonschema.validate(results, SCHEMA)
    return done.returncode, json.loads(done.stdout), results


def test_on_the_cpu(port: Path) -> None:
    words = ("--device", "cpu", "--batch", "1", "--dtype", "float32,float16", "--entry", "reconstruction")
    code, answer, results = _bench(port, *words)
    assert (code, len(results["runs"])) == (0, 2 * 2)
    assert answer["refused"] == []
    report = (port / "out" / "bench" / "report.md").read_text()
    for run in results["runs"]:  # the RoPE of the example, like VTP's, raises under float16's autocast
        if run["dtype"] == "float16" and run["state"] != "measured":
            assert run["reason"].replace("|", "\\|") in report
        else:
            assert len(run["rounds"]) == 2
    assert results["device"]["kind"] == "cpu"
    assert results["port"]["locked"]
    assert results["meaningless"] is None
    files = {path.name for path in (port / "out" / "bench").iterdir()}
    assert files == {"results.json", "report.md", "latency.svg", "latency.png", "log.txt"}


def test_on_the_simulator_everything_is_named_simulated(port: Path) -> None:
    code, answer, results = _bench(port, "--device", "sim", "--dtype", "float32,float16", "--batch", "1")
    assert code == 0
    assert answer["device"]["simulated"]
    assert answer["meaningless"] == results["meaningless"]
    assert "(simulated)" in (port / "out" / "bench" / "report.md").read_text().splitlines()[0]
    run = results["runs"][0]
    assert run["memory"]["basis"] == "torch.npu's allocator"
    assert run["memory"]["weights_bytes"] < run["memory"]["peak_bytes"] < run["memory"]["device_bytes"]
    assert run["launch"]["bound"] == "not applicable"
    assert run["share_of_peak"] is None
    assert results["flags"]["conv.allow_hf32"]


def test_little_memory_ends_the_sweep_and_is_no_finding(port: Path) -> None:
    words = ("--device", "sim", "--dtype", "float32", "--batch", "1,1024,2048")
    code, _, results = _bench(port, *words, SOFTCANN_MEMORY="48M")
    assert code == 0
    assert [run["state"] for run in results["runs"]] == ["measured", "ended", "ended"]
    assert "out of memory" in results["runs"][1]["reason"]
    assert "out of memory" in (port / "out" / "bench" / "report.md").read_text()


def test_an_operation_that_fails_in_float32_is_a_finding(port: Path) -> None:
    words = ("--device", "sim", "--dtype", "float32", "--batch", "1")
    code, answer, results = _bench(port, *words, SOFTCANN_FAULT="error:op=aclnnConvolution,call=every")
    assert code == 1
    assert not answer["good"]
    assert results["refused"] == answer["refused"]
    assert "encode, batch 1" in answer["refused"][0]


def test_wrong_words_are_told_before_anything_runs(port: Path) -> None:
    for words, said in (
        (("--dtype", "int8"), "no dtype int8"),
        (("--size", "huge"), "no size huge"),
        (("--entry", "wrong"), "no entry point wrong"),
    ):
        done = npuport("--port", str(port), "bench", "--device", "cpu", *words)
        assert done.returncode == 1
        assert said in done.stderr
