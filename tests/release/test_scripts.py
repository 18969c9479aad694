"""A bundle's scripts, from the bundle alone: a good one is green; a changed file, weight or operation red."""

import json
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import jsonschema
import pytest

from npuport.base.places import HARNESS
from npuport.port.build import port
from worlds.bundle import answer, edit, make_bundle, run_script, write_sums
from worlds.repository import copy_example

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An unchanged bundle."""
    layout = copy_example(tmp_path_factory.mktemp("port") / "patchtok")
    bundle = tmp_path_factory.mktemp("good") / "bundle"
    return make_bundle(bundle, port(layout).path.resolve())


@pytest.fixture
def bundle(good: Path, tmp_path: Path) -> Path:
    """A bundle to change."""
    return shutil.copytree(good, tmp_path / "bundle")


def files(bundle: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in bundle.rglob("*") if path.is_file()}


def test_a_good_bundle_verifies_and_stays_as_it_is(good: Path, tmp_path: Path) -> None:
    before = files(good)
    done = run_script(good, "verify.py", "--out", tmp_path / "v.json", simulated=True)

    assert done.returncode == 0, done.stdout + done.stderr
    found = answer(tmp_path / "v.json")
    assert found["good"]
    assert found["device"] == {"kind": "sim", "name": "Ascend910B4 (simulated)", "simulated": True}
    assert "bundle on Ascend910B4 (simulated): pass" in done.stdout
    ratios = [result["ratio"] for result in found["results"] if result.get("ratio") is not None]
    assert len(ratios) == 7 * 2 * 3, "entry points, inputs, policies"
    assert max(ratios) <= 3
    assert files(good) == before


def test_without_an_npu_it_runs_on_the_cpu_and_says_so(good: Path, tmp_path: Path) -> None:
    """torch_npu is installed and CANN is not: a plain `import torch` would fail."""
    out = tmp_path / "v.json"
    done = run_script(good, "verify.py", "--quick", "--out", out, simulated=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "no NPU took part" in done.stdout
    assert answer(out)["device"]["kind"] == "cpu"

    done = run_script(good, "verify.py", "--device", "npu", "--out", out, simulated=False)
    assert done.returncode == 1
    error, hint = done.stderr.splitlines()
    assert error.startswith("error: no NPU: torch_npu: ")
    assert hint.startswith("hint: ")


def missing(bundle: Path) -> None:
    (bundle / "eval/adapter.py").unlink()


def extra_module(bundle: Path) -> None:
    (bundle / "patchtok/more.py").write_text("")


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda bundle: (bundle / "NOTES.md").write_text("mine"), ""),
        (lambda bundle: (bundle / "assets/captions.txt").write_text("x"), "assets/captions.txt was changed"),
        (missing, "eval/adapter.py is missing"),
        (extra_module, "patchtok/more.py is not part of the bundle"),
        (lambda bundle: (bundle / "SHA256SUMS").unlink(), "it is missing"),
    ],
    ids=["a note", "a file changed", "a file missing", "a module too many", "no sums"],
)
def test_files_are_compared_with_their_digests(bundle: Path, tmp_path: Path, change, expected: str) -> None:
    change(bundle)
    done = run_script(bundle, "verify.py", "--sums", "--out", tmp_path / "v.json", simulated=False)
    assert done.returncode == int(bool(expected)), done.stdout + done.stderr
    assert expected in done.stdout
    assert answer(tmp_path / "v.json")["good"] == (not expected)


def scaled_weight(bundle: Path) -> dict[str, str]:
    """The loader, which the reference does not use, changes a weight by a thousandth."""
    loads = '        model.load_state_dict(load_file(directory / "model.safetensors"))\n'
    edit(
        bundle / "patchtok/model.py", loads, loads + "        model.decoder.pixels.weight.data.mul_(1.001)\n"
    )
    write_sums(bundle)
    return {}


def wrong_on_the_device(bundle: Path) -> dict[str, str]:
    """Right on the CPU, one head's sign wrong on the NPU."""
    returns = "        return self.out(mixed"
    flips = "            mixed = torch.cat([-mixed[:, :1], mixed[:, 1:]], dim=1)\n"
    edit(bundle / "patchtok/layers.py", returns, f"        if x.device.type == 'npu':\n{flips}{returns}")
    write_sums(bundle)
    return {}


@pytest.mark.parametrize(
    ("fault", "red"),
    [
        (scaled_weight, {"tensors on the device, tight", "decode, tight, random inputs"}),
        (wrong_on_the_device, {"encode, tight, random inputs", "embed_text, tight, real inputs"}),
    ],
    ids=["a weight off by a thousandth", "an operation wrong on the device"],
)
def test_a_fault_is_found(bundle: Path, tmp_path: Path, fault, red: set[str]) -> None:
    environment = fault(bundle)
    out = tmp_path / "v.json"
    done = run_script(bundle, "verify.py", "--quick", "--out", out, simulated=True, **environment)
    assert done.returncode == 1, done.stdout + done.stderr
    bad = {result["check"] for result in answer(out)["results"] if result["word"] != "pass"}
    assert red <= bad
    assert "files" not in bad


def test_trained_weights_are_judged(good: Path, tmp_path: Path) -> None:
    writes = (
        "import torch; torch.manual_seed(5); from patchtok import PatchTok, PatchTokConfig; "
        "PatchTok(PatchTokConfig(image_size=32, width=64, heads=2, depth=1)).save_pretrained('trained')"
    )
    script = tmp_path / "make.py"
    script.write_text(f"import sys; sys.path.insert(0, {str(good)!r})\n{writes}\n")
    subprocess.run(
        [sys.executable, script],
        check=True,
        cwd=tmp_path,
        env={"TORCH_DEVICE_BACKEND_AUTOLOAD": "0", "PYTHONDONTWRITEBYTECODE": "1"},
    )
    words = ["--quick", "--weights", tmp_path / "trained", "--out", tmp_path / "v.json"]
    done = run_script(good, "verify.py", *words, simulated=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert answer(tmp_path / "v.json")["weights"] == str(tmp_path / "trained")


def test_the_benchmark_gives_the_published_tables(good: Path, tmp_path: Path) -> None:
    before = files(good)
    done = run_script(good, "benchmark.py", "--quick", "--out", tmp_path / "b.json", simulated=True)

    assert done.returncode == 0, done.stdout + done.stderr
    found = answer(tmp_path / "b.json")
    jsonschema.validate(found, json.loads((HARNESS / "docs/bench.schema.json").read_text()))
    assert found["device"]["name"] == "Ascend910B4 (simulated)"
    for expected in (
        found["meaningless"],
        "batch 1 (simulated)",
        "reconstruction (simulated)",
        "memory (simulated)",
    ):
        assert expected in done.stdout
    assert files(good) == before


def test_the_cards_example_runs(good: Path, tmp_path: Path) -> None:
    """The Python of the quick start, as it stands in the card, on weights in `weights/`."""
    card = tomllib.loads((HARNESS / "examples/patchtok/release/release.toml").read_text())["card"]
    saves = (
        "from patchtok import PatchTok, PatchTokConfig; PatchTok(PatchTokConfig()).save_pretrained('weights')"
    )
    script = tmp_path / "here" / "example.py"
    script.parent.mkdir()
    script.write_text(
        f"import sys; sys.path.insert(0, {str(good)!r}); sys.dont_write_bytecode = True\n{saves}\n"
        f"{card['example']}\nprint(tuple(picture.shape), picture.device)\n"
    )
    done = run_script(script.parent, script.name, simulated=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "(1, 3, 64, 64) npu:0"


def test_a_loader_that_raises_is_a_finding_in_one_line(bundle: Path, tmp_path: Path) -> None:
    opens = "        directory = Path(directory)\n        model = cls("
    edit(bundle / "patchtok/model.py", opens, f"        raise OSError('no such disk')\n{opens}")
    write_sums(bundle)
    out = tmp_path / "v.json"
    done = run_script(bundle, "verify.py", "--quick", "--device", "cpu", "--out", out, simulated=False)
    assert done.returncode == 1
    assert "Traceback" not in done.stdout + done.stderr
    assert answer(out)["results"][-1]["reason"] == "OSError: no such disk"


def test_a_report_that_cannot_be_written_is_one_line(good: Path, tmp_path: Path) -> None:
    done = run_script(good, "verify.py", "--sums", "--out", tmp_path / "no" / "v.json", simulated=False)
    assert done.returncode == 1
    assert done.stderr.splitlines() == [
        f"error: {tmp_path}/no/v.json: No such file or directory",
        "hint: download the bundle again, or name another --out",
    ]
