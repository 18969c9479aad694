"""A bundle of patchtok: made from the results of real runs, then checked, also after tampering."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from npuport import simulator
from npuport.base.places import HARNESS
from npuport.release import statement as slsa
from npuport.release import sums
from worlds.parity import npuport
from worlds.repository import copy_example

pytestmark = pytest.mark.slow
HARNESS_FILE = "eval/harness/npuport/base/errors.py"
MODEL, TITLE = "patchtok-tiny", "patchtok-tiny-Ascend-simulated"


def release(port: Path, *words: str) -> tuple[int, dict[str, Any]]:
    done = npuport("--port", str(port), "release", "--model", MODEL, "--json", *words)
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout)


def check(port: Path, bundle: Path) -> tuple[int, str]:
    done = npuport("--port", str(port), "release", "--check", str(bundle), "--offline")
    return done.returncode, done.stdout + done.stderr


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """patchtok, without results."""
    return copy_example(tmp_path_factory.mktemp("bare") / "patchtok").root


@pytest.fixture(scope="module")
def warm(bare: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same, with the results of parity and benchmark."""
    directory = tmp_path_factory.mktemp("warm") / "patchtok"
    shutil.copytree(bare, directory, symlinks=True)
    for words in (["parity", "--size", "tiny"], ["bench", "--size", "tiny", "--quick"]):
        done = npuport("--port", str(directory), *words, "--device", "sim")
        assert done.returncode == 0, done.stderr
    return directory


@pytest.fixture(scope="module")
def made(warm: Path) -> Path:
    """A bundle."""
    code, answer = release(warm)
    assert code == 0, answer
    assert answer["title"] == TITLE
    return Path(answer["path"])


@pytest.fixture
def bundle(made: Path, tmp_path: Path) -> Path:
    """A copy of it, to be tampered with."""
    shutil.copytree(made, tmp_path / TITLE)
    return tmp_path / TITLE


def test_without_results_the_error_lists_what_is_missing(bare: Path) -> None:
    code, answer = release(bare)
    assert code == 1
    assert [one["what"] for one in answer["missing"]] == ["parity has not run", "the benchmark has not run"]
    assert not (bare / "dist").exists()


def test_a_bundle_holds_what_others_need(made: Path) -> None:
    for name in (
        *("patchtok/__init__.py", "LICENSE", "NOTICE", "README.md", "README.zh-CN.md"),
        *("patchtok-tiny-NPU-Report.md", "inference.py", "verify.py", "benchmark.py", "requirements.txt"),
        *("results/parity.json", "results/benchmark.json", "results/latency.svg", "results/latency.png"),
        *("eval/upstream.lock", "eval/patches/series", "eval/adapter.py", "eval/logs/parity.log"),
        *("eval/logs/benchmark.log", "eval/logs/junit.xml", "eval/captures/tiny/manifest.json"),
        *(sums.NAME, "sbom.cdx.json", slsa.NAME),
    ):
        assert (made / name).is_file(), name
    assert "simulated" in (made / "README.md").read_text().split("\n# ")[1].splitlines()[0].lower()


def test_no_path_of_this_machine_is_in_it(made: Path) -> None:
    for path in made.rglob("*"):
        if path.is_file() and path.suffix not in (".png", ".gz"):
            text = path.read_text()
            assert str(HARNESS) not in text, path
            assert str(made.parents[1]) not in text, path


def test_the_same_inputs_give_the_same_bytes(warm: Path, made: Path, tmp_path: Path) -> None:
    code, answer = release(warm, "--out", str(tmp_path / "again"))
    assert code == 0
    again = Path(answer["path"])
    assert sums.read_sums(again / sums.NAME) == sums.read_sums(made / sums.NAME)
    assert sums.differences(again) == []
    for path in again.rglob("*"):
        assert path.stat().st_mode == (made / path.relative_to(again)).stat().st_mode


def test_provenance_ties_it_together(warm: Path, made: Path) -> None:
    statement = json.loads((made / slsa.NAME).read_bytes())
    named = {one["name"]: one["digest"] for one in statement["subject"]}
    assert slsa.read_provenance(made / slsa.NAME).digests == {k: v["sha256"] for k, v in named.items()}
    definition = statement["predicate"]["buildDefinition"]
    materials = {one["name"]: one.get("digest") for one in definition["resolvedDependencies"]}
    results = json.loads((made / "results/parity.json").read_bytes())

    assert named["patchtok/__init__.py"]["sha256"] == sums.digest(
        (made / "patchtok/__init__.py").read_bytes()
    )
    assert materials["eval/upstream.lock"]["sha256"] == sums.digest((warm / "upstream.lock").read_bytes())
    assert materials["ported tree"] == {
        "gitCommit": results["port"]["commit"],
        "gitTree": results["port"]["tree"],
    }
    assert definition["externalParameters"]["device"]["simulated"] is True


def test_the_bill_of_materials_is_valid(made: Path) -> None:
    from cyclonedx.schema import SchemaVersion
    from cyclonedx.validation.json import JsonStrictValidator

    text = (made / "sbom.cdx.json").read_text()
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None
    bill = json.loads(text)
    patches = bill["metadata"]["component"]["pedigree"]["patches"]
    assert {one["diff"]["text"]["content"] for one in patches} == {
        path.read_text() for path in (made / "eval/patches").glob("0*.patch")
    }
    assert {"torch", "torch_npu"} <= {component["name"] for component in bill["components"]}


def test_a_good_bundle_is_verified(warm: Path, made: Path) -> None:
    code, output = check(warm, made)
    assert code == 0, output
    assert f"{TITLE}: verified" in output


def forge(bundle: Path) -> None:
    """Make sums and provenance anew, as a forger would."""
    listed = {
        name: sums.digest((bundle / name).read_bytes()) for name in sums.listed(bundle) if name != slsa.NAME
    }
    path = bundle / slsa.NAME
    statement = json.loads(path.read_bytes())
    statement["subject"] = [{"name": name, "digest": {"sha256": listed[name]}} for name in sorted(listed)]
    path.write_text(json.dumps(statement))
    listed[slsa.NAME] = sums.digest(path.read_bytes())
    (bundle / sums.NAME).write_bytes(sums.format_sums(listed))


def edit(name: str, old: str, new: str) -> Callable[[Path], None]:
    def apply(bundle: Path) -> None:
        text = (bundle / name).read_text()
        assert old in text
        (bundle / name).write_text(text.replace(old, new))

    return apply


def smuggle(bundle: Path) -> None:
    (bundle / "torch.py").write_text("import os\n")


def smuggle_bytecode(bundle: Path) -> None:
    """Python would run it in place of the source, which is as it should be."""
    (bundle / "patchtok/__pycache__").mkdir()
    (bundle / "patchtok/__pycache__/model.cpython-311.pyc").write_bytes(b"\0")


def lose(bundle: Path) -> None:
    (bundle / "patchtok/rotary.py").unlink()


def present_as_hardware(bundle: Path) -> None:
    """The device's name and kind changed throughout."""
    for name in ("results/parity.json", "results/benchmark.json"):
        results = json.loads((bundle / name).read_bytes())
        results["device"] = {"kind": "npu", "name": "Ascend910B4", "simulated": False}
        (bundle / name).write_text(json.dumps(results))


def redden(bundle: Path) -> None:
    path = bundle / "results/parity.json"
    results = json.loads(path.read_bytes())
    results["verdict"] = "fail"
    path.write_text(json.dumps(results))


@pytest.mark.parametrize(
    ("tamper", "found"),
    [
        (
            edit("patchtok/__init__.py", "import", "import os, "),
            "patchtok/__init__.py: differs from",
        ),
        (lose, "patchtok/rotary.py: differs from upstream"),
        (smuggle, "torch.py: neither from upstream nor from npuport"),
        (
            edit("README.md", "patchtok", "patch-tok"),
            "README.md: does not follow from the results",
        ),
        (smuggle_bytecode, "__pycache__/model.cpython-311.pyc: neither from upstream nor from npuport"),
        (redden, "parity is fail"),
        (present_as_hardware, "patchtok-tiny-Ascend-simulated: another name"),
        (edit("LICENSE", "MIT", "TIM"), "LICENSE: differs from upstream"),
        (edit(HARNESS_FILE, "class", "class "), f"{HARNESS_FILE}: differs"),
    ],
    ids=["source", "lost", "smuggled", "page", "bytecode", "red", "hardware", "licence", "harness"],
)
def test_a_forged_bundle_is_found(
    warm: Path, bundle: Path, tamper: Callable[[Path], None], found: str
) -> None:
    tamper(bundle)
    code, output = check(warm, bundle)
    assert code == 1  # the sums
    assert any(what in output for what in ("changed", "missing", "not in SHA256SUMS", "bytecode"))
    forge(bundle)
    code, output = check(warm, bundle)
    assert found in output
    assert (code == 0) == ("note: " + found in output)


def test_a_patch_that_differs_from_the_lock_is_refused(warm: Path, bundle: Path) -> None:
    patch = next((bundle / "eval/patches").glob("0001*"))
    patch.write_text(patch.read_text().replace("\n+", "\n+ "))
    forge(bundle)
    code, output = check(warm, bundle)
    assert code == 1
    assert "0001" in output


def test_a_simulated_bundle_with_the_name_of_a_hardware_run_is_found(warm: Path, bundle: Path) -> None:
    renamed = bundle.rename(bundle.with_name("patchtok-tiny-Ascend"))
    code, output = check(warm, renamed)
    assert code == 1
    assert "simulated results presented as hardware's" in output


@pytest.mark.parametrize("name", [sums.NAME, slsa.NAME, "results/parity.json", "eval/upstream.lock"])
def test_a_malformed_file_is_one_error(warm: Path, bundle: Path, name: str) -> None:
    (bundle / name).write_bytes(b"{\xff")
    code, output = check(warm, bundle)
    assert code == 1
    assert "error: " in output
    assert "Traceback" not in output


def test_local_edits_are_not_replaced(warm: Path, tmp_path: Path) -> None:
    code, answer = release(warm, "--out", str(tmp_path))
    page = Path(answer["path"]) / "README.md"
    page.write_text("mine")
    code, answer = release(warm, "--out", str(tmp_path))
    assert code == 1
    assert "README.md: changed" in answer["error"]
    assert page.read_text() == "mine"


def test_results_of_another_tree_are_refused(warm: Path, tmp_path: Path) -> None:
    port = tmp_path / "patchtok"
    shutil.copytree(warm, port, symlinks=True, ignore=shutil.ignore_patterns("dist"))
    assert npuport("--port", str(port), "drop", "0003").returncode == 0
    code, answer = release(port)
    assert code == 1
    assert all("is of another tree" in one["what"] for one in answer["missing"])


@pytest.mark.parametrize(
    "words",
    [
        ["inference.py", "reconstruct", "assets/boat.png", "--out", "{out}/boat.png", "--random"],
        ["verify.py", "--quick"],
        ["benchmark.py", "--quick", "--out", "{out}/benchmark"],
    ],
    ids=lambda words: words[0],
)
def test_its_scripts_run_from_it_alone(
    made: Path, tmp_path: Path, words: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    bundle = shutil.copytree(made, tmp_path / "alone" / TITLE)
    monkeypatch.delenv("PYTHONPATH", raising=False)  # no harness but its own
    simulated = simulator.environment(simulator.ensure_built())
    done = subprocess.run(
        [sys.executable, *(word.format(out=tmp_path) for word in words)],
        cwd=bundle,
        env={**os.environ, **simulated},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "simulated" in done.stdout + done.stderr
