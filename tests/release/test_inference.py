"""A port's stand-alone script: any picture, any device, random weights that say so; errors in one line."""

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw

from npuport.base.places import HARNESS

VTP = HARNESS / "release"
SIDES = 60, 40


@pytest.fixture(scope="module")
def pictures() -> ModuleType:
    """VTP's module of pictures, which knows no torch."""
    spec = importlib.util.spec_from_file_location("pictures_of_vtp", VTP / "pictures.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def gradient() -> Image.Image:
    """Dark on the left, light on the right, a red corner at the top left."""
    row = np.linspace(0, 255, SIDES[0]).astype(np.uint8)
    picture = Image.fromarray(np.broadcast_to(row, (SIDES[1], SIDES[0])).copy()).convert("RGB")
    ImageDraw.Draw(picture).rectangle((0, 0, 9, 9), "red")
    return picture


def save_as(path: Path, mode: str) -> None:
    picture = gradient()
    if mode == "I;16":
        deep = np.asarray(picture.convert("L"), dtype=np.uint16) * 257
        Image.fromarray(deep).save(path)
    elif mode == "F":
        Image.fromarray(np.asarray(picture.convert("L"), dtype=np.float32) / 255).save(path)
    elif mode == "P with a hole":
        picture.convert("P").save(path, transparency=255)
    else:
        picture.convert(mode).save(path)


@pytest.mark.parametrize(
    ("mode", "suffix"),
    [(mode, "png") for mode in ("RGB", "RGBA", "L", "LA", "P", "1", "I;16", "P with a hole")]
    + [("CMYK", "jpg"), ("F", "tiff"), ("RGB", "gif"), ("RGB", "webp")],
)
def test_any_mode_of_picture_is_read(pictures: ModuleType, tmp_path: Path, mode: str, suffix: str) -> None:
    path = tmp_path / f"picture.{suffix}"
    save_as(path, mode)
    read = pictures.read_picture(path)
    assert (read.mode, read.size) == ("RGB", SIDES)
    grey = np.asarray(read.convert("L"), dtype=float)[20:]
    assert grey[:, :10].mean() < 60 < 190 < grey[:, -10:].mean(), "dark on the left, light on the right"


def test_transparent_pixels_become_white(pictures: ModuleType, tmp_path: Path) -> None:
    Image.new("RGBA", (4, 4), (0, 0, 0, 0)).save(tmp_path / "clear.png")
    assert np.asarray(pictures.read_picture(tmp_path / "clear.png")).min() == 255


def test_a_rotated_photograph_stands_upright(pictures: ModuleType, tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # turn it by 90 degrees clockwise
    gradient().save(tmp_path / "photo.jpg", exif=exif)
    read = pictures.read_picture(tmp_path / "photo.jpg")
    assert read.size == SIDES[::-1]
    red = np.asarray(read, dtype=int)[5, -5]
    assert red[0] > 200 > 100 > red[1], "the red corner is at the top right now"


@pytest.mark.parametrize("size", [(1, 1), (3000, 1), (1, 3000), (257, 255), (1025, 600)])
def test_any_size_becomes_a_square(pictures: ModuleType, size: tuple[int, int]) -> None:
    square = pictures.centre_square(Image.new("RGB", size, "red"), 256)
    assert square.size == (256, 256)
    assert np.asarray(square)[..., 0].min() == 255
    assert pictures.squeezed(Image.new("RGB", size), 256).size == (256, 256)


def test_the_square_is_the_middle(pictures: ModuleType) -> None:
    picture = Image.new("RGB", (900, 300), "blue")
    picture.paste("red", (300, 0, 600, 300))
    square = np.asarray(pictures.centre_square(picture, 100), dtype=int)
    assert square[:, 3:-3, 0].min() > 250
    assert square[:, 3:-3, 2].max() < 5


def test_pixels_survive_the_normalisation(pictures: ModuleType) -> None:
    normal = pictures.to_normal(gradient())
    assert (normal.shape, normal.dtype) == ((1, 3, *SIDES[::-1]), np.float32)
    back = pictures.to_pixels(normal)
    assert np.array_equal(np.asarray(pictures.to_picture(back)), np.asarray(gradient()))
    assert pictures.psnr(back, back) is None
    assert pictures.psnr(np.zeros(4), np.full(4, 0.1)) == pytest.approx(20.0)


@pytest.mark.parametrize(
    ("data", "message"),
    [(b"hello", "is not a picture"), (b"", "is not a picture"), (None, "No such file")],
    ids=["text", "empty", "missing"],
)
def test_another_file_is_one_error(
    pictures: ModuleType, tmp_path: Path, data: bytes | None, message: str
) -> None:
    if data is not None:
        (tmp_path / "x.png").write_bytes(data)
    with pytest.raises(pictures.Problem, match=message) as caught:
        pictures.read_picture(tmp_path / "x.png")
    message, hint = str(caught.value).split("\n")
    assert message
    assert hint.startswith("hint: ")


def test_a_truncated_picture_is_one_error(pictures: ModuleType, tmp_path: Path) -> None:
    gradient().save(tmp_path / "whole.png")
    data = (tmp_path / "whole.png").read_bytes()
    (tmp_path / "half.png").write_bytes(data[: len(data) // 2])
    with pytest.raises(pictures.Problem, match="truncated"):
        pictures.read_picture(tmp_path / "half.png")


def results(**more: Any) -> dict[str, Any]:
    captions = [{"caption": f"caption {n} " * (n + 1), "probability": 0.5**n} for n in range(1, 10)]
    return {
        **{"model": "VTP", "picture": "dog.png", "device": {"name": "Ascend910B4"}, "psnr_db": 31.2},
        **{"weights": {"name": "VTP-Small"}, "captions": captions, "milliseconds": {"encode": 1.0}},
        **{"versions": {"torch": "2.13.0"}, **more},
    }


def test_the_page_of_random_weights_is_stamped(pictures: ModuleType) -> None:
    picture = gradient().resize((256, 256))
    plain = pictures.draw(picture, picture, results())
    loud = pictures.draw(picture, picture, results(warning="random weights: nothing here means anything"))
    assert loud.height > plain.height, "a banner across the top"
    banner = np.asarray(loud)[10, 10]
    assert tuple(banner) == (0xFD, 0xE6, 0x8A)
    stamped = np.asarray(pictures.stamp(picture), dtype=int)
    assert np.abs(stamped - np.asarray(picture, dtype=int)).max() > 100
    assert pictures.draw(picture, picture, results(captions=[])).width < plain.width


def run(script: Path, *words: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """The script, on the CPU unless the environment says otherwise."""
    clean = {key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "TORCH_"))}
    return subprocess.run(
        [sys.executable, script, *map(str, words)],
        capture_output=True,
        text=True,
        env={**clean, **environment},
        check=False,
    )


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["reconstruct", "x.png", "--out", "y.png"], "error: no weights\nhint: --weights DIR"),
        (["features", "x.png", "--random", "--weights", "d"], "error: both --weights and --random"),
        (["reconstruct", "x.png", "--random"], "error: the following arguments are required: --out"),
        (["zero-shot", "x.png", "--random"], "error: the following arguments are required: --caption"),
        ([], "error: the following arguments are required: VERB"),
    ],
    ids=["no weights", "both", "no --out", "no caption", "nothing"],
)
def test_wrong_usage_is_one_line(words: list[str], message: str) -> None:
    done = run(VTP / "inference.py", *words)
    assert (done.returncode, done.stderr.count("\n")) == (2, 2)
    assert done.stderr.startswith(message)


def checked(done: subprocess.CompletedProcess[str]) -> subprocess.CompletedProcess[str]:
    assert done.returncode == 0, done.stdout + done.stderr
    return done


@pytest.mark.slow
@pytest.mark.network
def test_vtp_by_hand(vtp: Path, tmp_path: Path) -> None:
    """Every command, on the CPU with torch_npu installed and no CANN; then on a checkpoint of one's own."""
    script, picture = VTP / "inference.py", vtp / "figures/dog.png"
    common = ["--source", vtp, "--random", "--size", "tiny"]
    before = sorted(vtp.rglob("*"))

    done = checked(run(script, "features", picture, *common, "--out", tmp_path / "f.safetensors"))
    assert "RANDOM WEIGHTS" in done.stderr
    assert "latents              (1, 64, 4, 4)" in done.stdout
    from safetensors.numpy import load_file

    features = load_file(tmp_path / "f.safetensors")
    assert features["patch_tokens"].shape == (1, 16, 128)
    assert np.linalg.norm(features["clip_image_feature"]) == pytest.approx(1, abs=1e-5)

    checked(run(script, "reconstruct", picture, *common, "--out", tmp_path / "r.png"))
    assert Image.open(tmp_path / "r.png").size == (64, 64)

    done = checked(run(script, "zero-shot", picture, *common, "--caption", "a dog", "--caption", "a cat"))
    shares = [float(line.split("%")[0]) for line in done.stdout.splitlines()]
    assert sum(shares) == pytest.approx(100, abs=0.1)

    done = run(script, "features", picture, "--source", vtp, "--weights", tmp_path)
    assert done.returncode == 1
    assert f"{tmp_path} holds no checkpoint" in done.stderr
    assert sorted(vtp.rglob("*")) == before, "the tree stays as it is"


@pytest.mark.slow
@pytest.mark.network
def test_vtp_on_the_simulator(vtp: Path, tmp_path: Path) -> None:
    from npuport import simulator

    environment = simulator.environment(simulator.ensure_built(print))
    words = ["--source", vtp, "--random", "--size", "tiny", "--caption", "a dog", "--caption", "a cat"]
    words += ["--out", tmp_path / "s.png", "--json", tmp_path / "s.json"]
    done = checked(run(VTP / "inference.py", "showcase", vtp / "figures/dog.png", *words, **environment))
    assert "device: Ascend910B4 (simulated)" in done.stderr
    found = json.loads((tmp_path / "s.json").read_text())
    assert found["device"] == {"name": "Ascend910B4 (simulated)", "simulated": True}
    assert found["weights"]["random"]
    assert "random weights" in found["warning"]
    assert "say nothing about the chip" in found["meaningless"]
    assert sum(one["probability"] for one in found["captions"]) == pytest.approx(1, abs=1e-5)
    assert set(found["milliseconds"]) == {"encode", "decode", "CLIP image", "CLIP text"}
