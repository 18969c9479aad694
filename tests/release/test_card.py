"""The pages of a release follow from the results; a simulated run never looks like a hardware run."""

import json
import re
from collections.abc import Callable

import jsonschema
import pytest
import yaml

from npuport.base.errors import PortError
from npuport.base.places import HARNESS
from npuport.release.card import render
from worlds.release import PORTED_TREE, REAL, SIMULATED, Facts, facts

PAGES = ("README.md", "README.zh-CN.md", "Toy-p8-NPU-Report.md")


def pages(of: Facts) -> dict[str, str]:
    return {name: data.decode() for name, data in render(of).items()}


def body(page: str) -> str:
    """A page without its front matter."""
    return page.split("---\n", 2)[2] if page.startswith("---\n") else page


def tables(page: str) -> list[list[list[str]]]:
    """Every table's rows of cells."""
    found, rows = [], []
    for line in [*page.splitlines(), ""]:
        if line.startswith("|"):
            rows.append([cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]])
        elif rows:
            found.append(rows)
            rows = []
    return found


@pytest.mark.parametrize(("schema", "results"), [("results", "parity"), ("bench", "bench")])
def test_the_facts_of_these_tests_fit_the_schemas(schema: str, results: str) -> None:
    described = json.loads((HARNESS / "docs" / f"{schema}.schema.json").read_text())
    jsonschema.validate(facts()[results], described)


def test_the_same_facts_give_the_same_bytes() -> None:
    assert render(facts()) == render(facts())
    assert tuple(render(facts())) == PAGES


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("simulated", [True, False], ids=["simulated", "hardware"])
def test_tables_are_complete_and_links_have_targets(name: str, simulated: bool) -> None:
    page = pages(facts(simulated=simulated))[name]

    for rows in tables(page):
        assert {len(row) for row in rows} == {len(rows[0])}, rows[0]
        assert len(rows) > 2, rows[0]
    known = {*PAGES, "LICENSE", "eval/patches/0001-a.patch", "results/latency.png"}
    assert set(re.findall(r"\]\(([^)]+)\)", page)) <= known
    assert "None" not in page
    assert page.endswith("\n")
    assert "\n\n\n" not in page


@pytest.mark.parametrize("name", PAGES)
def test_a_simulated_run_is_named_simulated_everywhere(name: str) -> None:
    page = body(pages(facts())[name])

    title = next(line for line in page.splitlines() if line.startswith("# "))
    assert "simulated" in title
    assert REAL not in page.replace(SIMULATED, "")
    for line in page.splitlines():
        if re.match(r"## (Accuracy|Performance|Memory|精度|性能)", line):
            assert re.search("simulated|模拟", line), line
    timed = [rows[0] for rows in tables(page) if any(re.search("ms|MB", cell) for cell in rows[0])]
    assert timed
    for head in timed:
        below = page[: page.index(f"| {head[0]} |")].splitlines()
        heading = next(line for line in reversed(below) if line.startswith("#"))
        assert re.search("simulated|模拟", " ".join(head) + heading), head
    assert re.search("say nothing about the chip|与芯片无关", page)


@pytest.mark.parametrize("name", PAGES)
def test_a_hardware_run_is_not_called_simulated(name: str) -> None:
    page = pages(facts(simulated=False))[name]
    assert REAL in page
    assert not re.search("simulat|模拟", page)


def test_the_figures_are_those_of_the_results() -> None:
    readme = pages(facts())["README.md"]

    accuracy = next(rows for rows in tables(readme) if rows[0][0] == "function")
    row = dict(zip(accuracy[0], accuracy[2], strict=True))
    assert row["function"] == "`encode`"
    assert (row["ratio, tight"], row["ratio, shipped-hf32"]) == ("0.50", "1.00")
    assert (row["cosine"], row["PSNR dB"], row["normalised max error"]) == ("0.9999800", "57.5", "0.77%")
    assert "| `encode` | 25.46 | 25.10 to 25.90 | 39.3 |" in readme
    assert "| 2 | 25.46 | 78.6 |" in readme
    assert "| weights | 645.0 |" in readme
    assert "| total | 776.0 |" in readme
    assert "| share of the device's memory | 2.4% |" in readme
    assert PORTED_TREE in readme


def test_every_measured_run_and_every_refusal_is_in_the_report() -> None:
    report = pages(facts())["Toy-p8-NPU-Report.md"]
    every = next(rows for rows in tables(report) if rows[0][:3] == ["function (simulated)", "dtype", "batch"])
    assert [row[:3] for row in every[2:]] == [
        ["`encode`", "float32", "1"],
        ["`encode`", "float32", "2"],
        ["`reconstruct`", "float32", "1"],
        ["`reconstruct`", "float32", "2"],
    ]
    assert "| `encode` | float16 | 1 | RoPE \\| raises |" in report


def test_what_was_not_run_is_read_from_the_results() -> None:
    here = facts()
    expected = pages(here)["README.md"].partition("## What was not run")[2]
    assert "**An Ascend chip.**" in expected
    assert "**Trained weights in the accuracy tables.**" in expected
    assert "**float16** for `encode`: RoPE | raises" in expected
    assert "**bfloat16**: not measured." in expected
    assert "**Batch size 4, 8** in the benchmark." in expected

    real = facts(simulated=False)
    weights = {"source": "hf:toys/Toy-p8", "revision": "f" * 40, "digest": "9" * 64}
    real["parity"]["weights"] = real["bench"]["weights"] = real["weights"] = weights
    expected = pages(real)["README.md"].partition("## What was not run")[2]
    assert "chip" not in expected
    assert "Trained weights" not in expected


def test_the_front_matter_has_the_fields_of_the_hubs() -> None:
    for name, language in (("README.md", "en"), ("README.zh-CN.md", "zh")):
        front = yaml.safe_load(pages(facts())[name].split("---\n")[1])
        assert front["license"] == "other"
        assert (front["license_name"], front["license_link"]) == ("toy", "LICENSE")
        assert front["base_model"] == "toys/Toy-p8"
        assert front["language"] == [language]
        assert {"ascend", "npu", "simulated", "toys"} <= set(front["tags"])
        assert "hardwares" not in front
    front = yaml.safe_load(pages(facts(simulated=False))["README.md"].split("---\n")[1])
    assert front["hardwares"] == ["NPU"]
    assert "simulated" not in front["tags"]


def named_as_hardware(of: Facts) -> None:
    for device in (of["device"], of["parity"]["device"], of["bench"]["device"]):
        device["name"] = REAL


CONTRADICTIONS: dict[str, tuple[Callable[[Facts], object], str]] = {
    "a simulated device named as a chip": (named_as_hardware, "the device is named Ascend910B4"),
    "a release that says hardware": (lambda f: f.update(simulated=False), "the device has simulated: True"),
    "parity on the simulator alone": (
        lambda f: f["bench"]["device"].update(kind="npu"),
        "the benchmark has simulated",
    ),
    "two devices": (
        lambda f: f["bench"]["device"].update(name="Ascend310P3 (simulated)"),
        "the benchmark is",
    ),
    "a title that says hardware": (
        lambda f: f.update(title="Toy-p8-Ascend"),
        "title is that of hardware",
    ),
    "latencies without their mark": (
        lambda f: f["bench"].update(meaningless=None),
        "meaning of its latencies",
    ),
    "another tree": (lambda f: f["parity"]["port"].update(commit="0" * 40), "parity ran another tree"),
    "a benchmark of an unknown tree": (
        lambda f: f["bench"].update(port=None),
        "the benchmark ran another tree",
    ),
    "a verdict against its results": (
        lambda f: f["parity"]["results"][0].update(word="fail"),
        "verdict is pass",
    ),
}


@pytest.mark.parametrize(("change", "expected"), CONTRADICTIONS.values(), ids=CONTRADICTIONS)
def test_facts_that_contradict_themselves_are_refused(
    change: Callable[[Facts], object], expected: str
) -> None:
    wrong = facts()
    change(wrong)
    with pytest.raises(PortError, match="contradict themselves") as caught:
        render(wrong)
    assert expected in caught.value.message


def test_a_hardware_release_of_simulated_results_is_refused() -> None:
    wrong = facts(simulated=False)
    wrong["bench"] = facts()["bench"]
    with pytest.raises(PortError, match="the benchmark has simulated: True, the release False"):
        render(wrong)
