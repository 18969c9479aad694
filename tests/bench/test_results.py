"""results.json, the published tables, report and chart, from made samples."""

import hashlib
import json
import subprocess
import sys

import jsonschema
import pytest

from npuport.base.errors import PortError
from npuport.base.places import HARNESS
from npuport.base.schema import from_json, to_json
from npuport.bench import tables
from npuport.bench.chart import draw
from npuport.bench.launches import judge
from npuport.bench.plan import BenchPlan, RunKey, default_plan, doubling, quick
from npuport.bench.report import render
from npuport.bench.results import dumped
from worlds.bench import made, noisy

SAMPLES: dict[RunKey, list[list[float]]] = {
    RunKey(name, "float32", batch): noisy(10.0 * batch, batch)
    for name in ("encode", "both")
    for batch in (1, 2)
}
SCHEMA = json.loads((HARNESS / "docs" / "bench.schema.json").read_text(encoding="utf-8"))


def test_results_fit_the_schema_and_survive_being_written() -> None:
    refused: dict[RunKey, str] = {RunKey("decode", "float16", 1): "RuntimeError: no kernel"}
    results = made({**SAMPLES, **refused})
    jsonschema.validate(results, SCHEMA)
    assert json.loads(dumped(results)) == json.loads(json.dumps(results))


def test_tables_have_the_published_form() -> None:
    results = made(SAMPLES)
    functions, batches = tables.functions(results), tables.batches(results)
    assert [row["label"] for row in functions] == ["encode", "both"]
    assert [row["batch"] for row in batches] == [1, 2]
    for row in functions:
        assert row["throughput"] == pytest.approx(1000 / row["latency_ms"])
        assert row["interval"][0] < row["latency_ms"] < row["interval"][1]
    assert batches[1]["throughput"] == pytest.approx(2000 / batches[1]["latency_ms"])
    assert tables.memory(results) == {"weights_mb": 4, "inference_mb": 1, "total_mb": 5, "share": 0.05}


def test_share_of_the_peak_is_work_over_time_over_peak() -> None:
    run = made(
        {RunKey("encode", "bfloat16", 1): noisy(10.0, 1)}, plan=BenchPlan("tiny", dtypes=("bfloat16",))
    )["runs"][0]
    peak = 20 * 1500e6 * 8192
    assert run["share_of_peak"] == pytest.approx(run["flops"] / (run["latency_ms"]["median"] / 1e3) / peak)
    assert run["share_reason"] is None


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"device": "Ascend910B4 (simulated)"}, "no chip took part"),
        ({"kind": "cpu", "device": "a processor"}, "CPU's peak"),
        ({"device": "Ascend999"}, "--chip"),
        ({}, "float32"),
    ],
    ids=["simulated", "cpu", "unknown", "unsourced"],
)
def test_where_there_is_no_peak_the_reason_is_given(more: dict[str, str], reason: str) -> None:
    run = made(SAMPLES, **more)["runs"][0]  # type: ignore[arg-type]
    assert run["share_of_peak"] is None
    assert reason in run["share_reason"]


def test_a_simulated_run_is_named_simulated_wherever_it_is_shown() -> None:
    results = made(SAMPLES, device="Ascend910B4 (simulated)")
    page = render(results)
    assert results["device"] == {"kind": "sim", "name": "Ascend910B4 (simulated)", "simulated": True}
    assert page.startswith("# made tiny on Ascend910B4 (simulated)")
    assert page.count("say nothing about the chip") >= 3
    assert "simulated" not in render(made(SAMPLES))


def test_report_shows_what_was_refused_and_only_float32_is_a_finding() -> None:
    reason = "RuntimeError: no kernel for Half | nor for BFloat16"
    half: dict[RunKey, str] = {RunKey("decode", "float16", 1): reason}
    plan = BenchPlan("tiny", batches=(1, 2), dtypes=("float32", "float16"))
    results = made({**SAMPLES, **half}, plan=plan)
    assert results["refused"] == []
    assert "no kernel for Half \\| nor for BFloat16" in render(results)
    single: dict[RunKey, str] = {RunKey("decode", "float32", 1): reason}
    assert len(made({**SAMPLES, **single})["refused"]) == 1


def test_memory_may_end_a_sweep_but_not_prevent_it() -> None:
    ended: dict[RunKey, str] = {RunKey("decode", "float32", 2): "out of memory: no room"}
    prevented: dict[RunKey, str] = {RunKey("decode", "float32", 1): "out of memory: no room"}
    assert made({**SAMPLES, **ended})["refused"] == []
    assert len(made({**SAMPLES, **prevented})["refused"]) == 1


def test_report_warns_of_a_busy_machine_and_of_runs_cut_short() -> None:
    page = render(
        made(SAMPLES, busy=0.4, plan=BenchPlan("tiny", dtypes=("float32",), batches=(1, 2), iterations=99))
    )
    assert "Other processes used up to 40%" in page
    assert "Fewer than the 99 iterations" in page
    assert "Other processes" not in render(made(SAMPLES))


def test_chart_is_the_same_bytes_for_the_same_results() -> None:
    results = made(SAMPLES, device="Ascend910B4 (simulated)")
    digests = [{name: hashlib.sha256(data).hexdigest() for name, data in draw(results).items()} for _ in "ab"]
    assert digests[0] == digests[1]
    assert digests[0].keys() == {"latency.svg", "latency.png"}
    assert b"<dc:date>" not in draw(results)["latency.svg"]


def test_chart_of_a_benchmark_in_which_nothing_ran() -> None:
    refused: dict[RunKey, str] = {RunKey("encode", "float32", 1): "RuntimeError: no"}
    assert draw(made(refused))["latency.png"].startswith(b"\x89PNG")
    assert "no run was measured" in render(made(refused, kind="cpu")) or render(made(refused))


def test_launches_are_judged_by_what_is_left_when_the_last_is_made() -> None:
    assert judge(100, enqueue_ms=10.0, drain_ms=0.2)["bound"] == "host"
    found = judge(100, enqueue_ms=2.0, drain_ms=8.0)
    assert found["bound"] == "device"
    assert found["between_us"] == pytest.approx(20)


def test_plan_runs_all_entries_and_narrow_ones_less() -> None:
    names, headline = ("encode", "decode", "both"), ("encode", "both")
    full = BenchPlan("tiny", batches=(1, 2))
    assert len(full.runs(names, headline)) == 3 * 3 * 2
    narrow = default_plan("tiny", "sim").runs(names, headline)
    assert [run[2] for run in narrow if run[:2] == ("decode", "float32")] == [1, 2]
    assert [run[2] for run in narrow if run[:2] == ("both", "float32")] == [1, 2, 4, 8]
    assert [run for run in narrow if run[1] == "float16"] == [
        ("encode", "float16", 1),
        ("both", "float16", 1),
    ]
    assert {run[0] for run in quick(full).runs(names, headline)} == {"encode", "both"}
    assert from_json(BenchPlan, json.loads(json.dumps(to_json(full)))) == full
    assert doubling(9) == (1, 2, 4, 8)
    with pytest.raises(PortError, match="no entry point wrong"):
        BenchPlan("tiny", entries=("wrong",)).runs(names, headline)


def test_the_parent_never_imports_torch() -> None:
    modules = "run, results, compare, tables, report, chart, rounds, chips, __main__"
    code = f"import sys; from npuport.bench import {modules}; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
