"""The parity suite can fail: a fault in a tree or in the device turns the right cases red, and no others."""

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from npuport.layout import HARNESS, Layout
from parityrun import Judged, copy_of, npuport, parity

pytestmark = pytest.mark.slow

EXAMPLE = HARNESS / "examples" / "patchtok"

IDENTITY = "test_every_tensor_arrives_unchanged[tiny]"
SAVE = "test_what_the_device_saves_it_loads[tiny]"
IMAGE = {"encode", "intermediate_features", "embed_image"}
TEXT = {"embed_text"}
BOTH = {"logits", "forward"}

#: One fault each: the edit of the tree, and what must be red then.
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


def test_the_ported_tree_is_green(ported: Path, judge: Callable[..., Judged]) -> None:
    judged = judge()

    assert judged.code == 0, judged.said
    assert judged.answer["verdict"] == "pass"
    assert judged.answer["locked"]
    assert judged.bad == set()
    assert judged.good >= IMAGE | TEXT | BOTH | {"decode", IDENTITY, SAVE}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_red_where_it_is(
    ported: Path, judge: Callable[..., Judged], tmp_path: Path, fault: str
) -> None:
    edit, red = FAULTS[fault]
    tree = copy_of(ported, tmp_path / "tree", edit)

    judged = judge("--tree", str(tree))

    assert judged.code == 1
    assert judged.answer["verdict"] == "fail"
    assert not judged.answer["locked"]
    assert judged.bad == red


def test_a_patch_left_out_is_red(ported: Path, tmp_path: Path) -> None:
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


def test_a_flipped_bit_of_the_device_is_red(ported: Path, judge: Callable[..., Judged]) -> None:
    """The sign-next bit of one element of one product, in one call: in the first case that runs."""
    selected = "tight-random and not hf32 and (decode or embed_text)"

    clean = judge("-k", selected)
    judged = judge("-k", selected, CANNSIM_FAULT="flip:op=aclnnAddmm,call=1,element=0,bit=29")

    assert clean.code == 0, clean.said
    assert judged.code == 1
    assert judged.bad == {"decode"}
    assert judged.good == {"embed_text"}
