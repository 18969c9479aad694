"""`npuport try`: what it writes to out/try, its summary, and its errors."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from npuport.commands.try_ import summary
from npuport.port.layout import Layout
from worlds.parity import npuport
from worlds.repository import copy_example


def results(**more: Any) -> dict[str, Any]:
    return {
        **{"model": "VTP", "picture": "dog.png", "device": {"name": "Ascend910B4 (simulated)"}},
        **{"weights": {"name": "VTP-Small"}, "psnr_db": 31.234, "milliseconds": {"encode": 1.5}},
        "captions": [{"caption": "a cat", "probability": 0.25}, {"caption": "a dog", "probability": 0.75}],
        **more,
    }


def test_the_likeliest_caption_leads_with_the_longest_bar() -> None:
    lines = summary(results(), "out/try/showcase.png", colour=False).splitlines()
    assert lines[0] == "VTP on Ascend910B4 (simulated)"
    assert "reconstruction of dog.png: PSNR 31.23 dB" in lines
    dog, cat = (next(line for line in lines if line.startswith(name)) for name in ("a dog", "a cat"))
    assert lines.index(dog) < lines.index(cat)
    assert (dog.count("█"), cat.count("█")) == (24, 8)
    assert dog.endswith(" 75.0%")
    assert lines[-1] == "out/try/showcase.png"


def test_random_weights_and_a_simulated_device_are_reported() -> None:
    output = summary(results(warning="random weights: nothing", meaningless="say nothing"), "p", colour=False)
    assert "random weights: nothing" in output
    assert "say nothing" in output
    assert "\x1b" not in output
    assert "\x1b" in summary(results(), "p", colour=True)


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Layout:
    """A copy of the example; nothing ported yet."""
    return copy_example(tmp_path_factory.mktemp("port") / "patchtok")


def tried(port: Layout, *words: str) -> tuple[int, dict[str, Any]]:
    done = npuport("--port", str(port.root), "try", "--json", *words)
    return done.returncode, json.loads(done.stdout)


@pytest.mark.slow
def test_a_trial_from_nothing(port: Layout) -> None:
    """It ports, runs on the simulator with random weights and publishes; a failed one leaves that alone."""
    code, answer = tried(port, "--device", "sim")

    assert code == 0
    assert sorted(path.name for path in port.trial.iterdir()) == ["results.json", "showcase.png"]
    found = json.loads((port.trial / "results.json").read_text())
    assert found["device"] == {"name": "Ascend910B4 (simulated)", "simulated": True}
    assert "random weights" in found["warning"]
    assert found["weights"] == {"random": True, "name": "random, tiny, seed 0", "seed": 0, "size": "tiny"}
    assert "say nothing about the chip" in found["meaningless"]
    assert found["captions"][0]["caption"] == "a red boat on a blue sea"
    assert found["port"]["commit"] == port.ported.resolve().name
    page = Image.open(answer["showcase"])
    assert page.width > page.height

    before = (port.trial / "showcase.png").read_bytes()
    (port.root / "no-picture.png").write_text("hello")
    code, answer = tried(port, "--device", "sim", "--picture", str(port.root / "no-picture.png"))
    assert (code, answer["error"].endswith("is not a picture that pillow reads")) == (1, True)
    assert (port.trial / "showcase.png").read_bytes() == before
    assert not list(port.out.glob(".staging-*"))


@pytest.mark.slow
def test_trained_weights_a_picture_and_captions_of_ones_own(port: Layout, tmp_path: Path) -> None:
    assert tried(port, "--device", "cpu")[0] == 0
    script = (
        f"import sys; sys.path.insert(0, {str(port.ported)!r}); "
        "from patchtok import PatchTok, PatchTokConfig; "
        f"PatchTok(PatchTokConfig(image_size=16, depth=1)).save_pretrained({str(tmp_path / 'mine')!r})"
    )
    alone = {"TORCH_DEVICE_BACKEND_AUTOLOAD": "0", "PYTHONDONTWRITEBYTECODE": "1"}
    subprocess.run([sys.executable, "-c", script], check=True, env=alone)
    Image.new("RGBA", (300, 20), "red").save(tmp_path / "red.png")

    words = ["--picture", str(tmp_path / "red.png"), "--caption", "red", "--caption", "blue"]
    code, answer = tried(port, "--device", "cpu", "--weights", str(tmp_path / "mine"), *words)

    assert code == 0, answer
    assert "warning" not in answer
    assert answer["weights"]["source"] == "mine"
    assert len(answer["weights"]["digest"]) == 64
    assert (answer["picture"], answer["side"]) == ("red.png", 16)
    assert [one["caption"] for one in answer["captions"]] == ["red", "blue"]
    assert "simulated" not in json.dumps(answer["device"]["name"])


@pytest.mark.parametrize(
    ("words", "output"),
    [
        (["--model", "nobody"], "no model 'nobody' to release"),
        (["--weights", "/nowhere"], "/nowhere holds no checkpoint: no such directory"),
    ],
    ids=["no such model", "no such weights"],
)
def test_bad_input_is_one_error(port: Layout, words: list[str], output: str) -> None:
    code, answer = tried(port, *words)
    assert (code, answer["error"]) == (1, output)
