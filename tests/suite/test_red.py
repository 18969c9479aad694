"""The parity suite fails where it must: a fault in a tree or in the device fails its cases, and no others."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import jsonschema
import pytest

from npuport.base.places import HARNESS
from npuport.port.layout import Layout
from worlds.parity import Judged, copy_of, npuport, parity
from worlds.repository import EXAMPLE

pytestmark = pytest.mark.slow


IDENTITY = "test_every_tensor_arrives_unchanged[tiny]"
SAVE = "test_what_the_device_saves_it_loads[tiny]"
IMAGE = {"encode", "intermediate_features", "embed_image"}
TEXT = {"embed_text"}
BOTH = {"logits", "forward"}

#: Each fault: the edit of the tree, and the cases that must fail.
FAULTS = {
    "one attention head has the wrong sign": (
        (
            "patchtok/layers.py",
            "        return self.out(mixed",
            "        if mask is not None:  # the text tower alone\n"
            "            mixed = torch.cat([-mixed[:, :1], mixed[:, 1:]], dim=1)\n"
            "        return self.out(mixed",
        ),
        TEXT | BOTH,
    ),
    "the loader scales one weight by 1.001": (
        (
            "patchtok/model.py",
            '        model.load_state_dict(load_file(directory / "model.safetensors"))\n',
            '        model.load_state_dict(load_file(directory / "model.safetensors"))\n'
            "        model.decoder.pixels.weight.data.mul_(1.001)\n",
        ),
        {IDENTITY, SAVE, "decode", "forward"},
    ),
    "one element of a picture is NaN": (
        (
            "patchtok/model.py",
            "        return self.decoder(latents)\n",
            "        picture = self.decoder(latents)\n"
            "        picture[0, 0, 0, 0] = float('nan')\n"
            "        return picture\n",
        ),
        {"decode"},
    ),
    "an output is missing": (
        ("patchtok/model.py", '            "latents": latents,\n', ""),
        {"forward"},
    ),
    "an output has another dtype": (
        (
            "patchtok/model.py",
            "        return self.encoder(image)[1]",
            "        return self.encoder(image)[1].to(torch.float16)",
        ),
        {"encode"},
    ),
}


@pytest.fixture(scope="module")
def ported() -> Path:
    """The bundled example, ported."""
    subprocess.run([sys.executable, EXAMPLE / "make_upstream.py"], check=True, capture_output=True)
    done = npuport("--port", str(EXAMPLE), "port")
    assert done.returncode == 0, done.stderr
    return Layout(EXAMPLE).ported


@pytest.fixture
def judge(tmp_path: Path) -> Callable[..., Judged]:
    def run(*words: str, **environment: str) -> Judged:
        return parity(EXAMPLE, tmp_path / "report", *words, **environment)

    return run


@pytest.fixture(scope="module")
def green(ported: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Judged, Path]:
    """The ported tree without a fault, judged; and its report."""
    report = tmp_path_factory.mktemp("green") / "report"
    return parity(EXAMPLE, report), report


def test_the_ported_tree_passes(green: tuple[Judged, Path]) -> None:
    judged, _ = green

    assert judged.code == 0, judged.stderr
    assert judged.answer["verdict"] == "pass"
    assert judged.answer["locked"]
    assert judged.bad == set()
    assert judged.good >= IMAGE | TEXT | BOTH | {"decode", IDENTITY, SAVE}


def test_results_follow_their_schema(green: tuple[Judged, Path]) -> None:
    judged, _ = green

    jsonschema.validate(judged.results, json.loads((HARNESS / "docs" / "results.schema.json").read_text()))
    assert judged.results["device"]["simulated"]
    assert all(output["rms"] is not None for one in judged.results["results"] for output in one["outputs"])
    assert {one["flags"]["conv.allow_hf32"] for one in judged.results["results"] if one["flags"]} == {
        True,
        False,
    }


def test_report_begins_with_simulated_and_has_every_case(green: tuple[Judged, Path]) -> None:
    judged, report = green
    text = (report / "report.md").read_text()

    assert text.startswith(f"# patchtok on {judged.results['device']['name']}: parity pass")
    assert "(simulated)" in text.partition("\n")[0]
    assert all(f"| {entry} |" in text for entry in IMAGE | TEXT | BOTH | {"decode"})
    assert judged.results["port"]["tree"] in text


def test_junit_has_every_case_and_its_ratio(green: tuple[Judged, Path]) -> None:
    judged, report = green
    cases = ElementTree.parse(report / "junit.xml").getroot().findall(".//testcase")

    assert {case.get("name") for case in cases} == {one["id"] for one in judged.results["results"]}
    ratios = [one for one in cases if one.find("properties/property[@name='ratio']") is not None]
    assert len(ratios) == sum(one["ratio"] is not None for one in judged.results["results"])


def test_a_killed_run_keeps_the_old_report(ported: Path, tmp_path: Path) -> None:
    report = tmp_path / "report"
    report.mkdir()
    (report / "results.json").write_text("old\n")
    words = ("parity", "--device", "sim", "--size", "tiny", "--report", str(report))
    command = [sys.executable, "-m", "npuport", "--port", str(EXAMPLE), *words]
    path = os.pathsep.join([str(HARNESS / "tools"), os.environ.get("PYTHONPATH", "")])
    with subprocess.Popen(
        command,
        env={**os.environ, "PYTHONPATH": path},
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    ) as running:
        assert running.stderr is not None
        for line in running.stderr:
            if line.startswith("  pass "):
                break
        os.killpg(running.pid, signal.SIGKILL)

    assert (report / "results.json").read_text() == "old\n"
    assert [path.name for path in report.iterdir()] == ["results.json"]


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_fails_its_cases(
    ported: Path, judge: Callable[..., Judged], tmp_path: Path, fault: str
) -> None:
    edit, red = FAULTS[fault]
    tree = copy_of(ported, tmp_path / "tree", edit)

    judged = judge("--tree", str(tree))

    assert judged.code == 1
    assert judged.answer["verdict"] == "fail"
    assert not judged.answer["locked"]
    assert judged.bad == red


def test_a_missing_patch_fails(ported: Path, tmp_path: Path) -> None:
    """The example's second patch: without it the rotary tables stay on the CPU."""
    port = tmp_path / "port"
    shutil.copytree(
        EXAMPLE, port, symlinks=True, ignore=shutil.ignore_patterns("trees", "ported", "checkout", "report")
    )
    series = port / "patches" / "series"
    names = series.read_text().split()
    left_out = next(name for name in names if name.startswith("0002"))
    (port / "patches" / left_out).unlink()
    series.write_text("".join(f"{name}\n" for name in names if name != left_out))
    done = npuport("--port", str(port), "refresh")
    assert done.returncode == 0, done.stderr

    judged = parity(port, tmp_path / "report")

    assert judged.code == 1
    assert judged.bad >= IMAGE | BOTH
    assert judged.good >= TEXT


def test_a_flipped_bit_of_the_device_fails(ported: Path, judge: Callable[..., Judged]) -> None:
    """The top bit of the exponent, in one element of one call: a patch token's, in the first case."""
    selected = "tight-random and (decode or embed_text)"

    clean = judge("-k", selected)
    judged = judge("-k", selected, SOFTCANN_FAULT="flip:op=aclnnAddmm,call=1,element=300,bit=30")

    assert clean.code == 0, clean.stderr
    assert judged.code == 1
    assert judged.bad == {"decode"}
    assert judged.good == {"embed_text"}
