"""The suite on the real VTP, size tiny: it passes as ported, and fails at the right cases with a fault."""

import shutil
from pathlib import Path

import pytest

from npuport.base.places import HARNESS
from worlds.parity import Judged, copy_of, npuport, parity

pytestmark = [pytest.mark.slow, pytest.mark.network]

IDENTITY = "test_every_tensor_arrives_unchanged[tiny]"
SAVE = "test_what_the_device_saves_it_loads[tiny]"
SEEDING = "test_nothing_absent_is_seeded"
DECODER = {"get_latents_decoded_images", "forward(rec)"}
TEXT = {"get_clip_text_feature", "get_clip_logits", "forward(clip)"}
ATTENTION = (
    "        x = torch.nn.functional.scaled_dot_product_attention(q, k, v)\n        x = x.transpose(1, 2)\n"
)


def without(number: str, directory: Path) -> Path:
    """VTP's port without one patch."""
    shutil.copytree(HARNESS / "patches", directory / "patches")
    for name in ("upstream.lock", "adapter.py"):
        shutil.copy(HARNESS / name, directory / name)
    series = directory / "patches" / "series"
    names = series.read_text().split()
    left_out = next(name for name in names if name.startswith(number))
    (directory / "patches" / left_out).unlink()
    series.write_text("".join(f"{name}\n" for name in names if name != left_out))
    done = npuport("--port", str(directory), "refresh")
    assert done.returncode == 0, done.stderr
    return directory


def judged(report: Path, *words: str) -> Judged:
    return parity(HARNESS, report, *words)


def test_the_ported_vtp_passes(vtp: Path, tmp_path: Path) -> None:
    found = judged(tmp_path / "report")

    assert found.code == 0, found.stderr
    assert found.bad == set()
    assert found.good >= DECODER | TEXT | {IDENTITY, SAVE, SEEDING}


def test_one_attention_head_with_its_sign_flipped_fails(vtp: Path, tmp_path: Path) -> None:
    """In the blocks of the trunk and the decoder, which share the code; the text tower has its own."""
    flipped = ATTENTION.replace(
        "        x = x.t", "        x = torch.cat([-x[:, :1], x[:, 1:]], 1)\n        x = x.t"
    )
    tree = copy_of(vtp, tmp_path / "tree", ("vtp/models/layers/attention.py", ATTENTION, flipped))

    found = judged(tmp_path / "report", "--tree", str(tree))

    assert found.code == 1
    assert found.bad >= DECODER | {"get_last_layer_feature", "get_clip_image_feature", "get_clip_logits"}
    assert found.good >= {"get_clip_text_feature", IDENTITY}


def test_one_weight_scaled_by_the_loader_fails(vtp: Path, tmp_path: Path) -> None:
    tree = copy_of(vtp, tmp_path / "tree")
    with (tree / "vtp" / "models" / "vtp_hf" / "modeling_vtp.py").open("a") as file:
        file.write(
            "\n\n_load = VTPModel.from_pretrained\n\n\n"
            "def _scaled(*args, **kwargs):\n"
            "    model = _load(*args, **kwargs)\n"
            "    model.pixel_decoder.proj_out.weight.data.mul_(1.001)\n"
            "    return model\n\n\n"
            "VTPModel.from_pretrained = _scaled\n"
        )

    found = judged(tmp_path / "report", "--tree", str(tree))

    assert found.code == 1
    assert found.bad == DECODER | {IDENTITY, SAVE}
    assert "pixel_decoder.proj_out.weight (sha256)" in found.reasons(IDENTITY)


def test_without_the_patch_of_the_seed_it_seeds_an_absent_backend(vtp: Path, tmp_path: Path) -> None:
    port = without("0001", tmp_path / "port")

    found = parity(port, tmp_path / "report", "-k", "seed")

    assert found.code == 1
    assert found.bad == {SEEDING}


def test_without_the_patch_of_the_mask_the_text_fails(vtp: Path, tmp_path: Path) -> None:
    """Under transformers 5 the causal mask is then uninitialised memory."""
    port = without("0003", tmp_path / "port")

    found = parity(port, tmp_path / "report")

    if int(found.results["versions"]["transformers"].split(".")[0]) < 5:
        assert found.code == 0
        return
    assert found.code == 1
    assert found.bad >= TEXT | {IDENTITY}
    assert found.good >= DECODER | {"get_last_layer_feature", "get_clip_image_feature", SEEDING}
    assert "attn_mask (sha256)" in found.reasons(IDENTITY)
