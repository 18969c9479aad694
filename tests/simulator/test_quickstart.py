"""The quick start of a published port runs unchanged: it loads VTP, moves it, calls it and prints shapes.

1. VTP is ported, from the pin of `upstream.lock` and `patches/`.
2. A small checkpoint is saved on the CPU.
3. A user's script without a word about the simulator runs under `npuport sim exec`.
4. So does a script that starts it as a subprocess, and one that starts it with multiprocessing's spawn.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from npuport import simulator
from npuport.simulator.startup import softcann_startup

SAVE = """
import sys, torch
from vtp.models.vtp_hf import VTPConfig, VTPModel
torch.manual_seed(0)
VTPModel(VTPConfig(
    image_size=64, vision_embed_dim=128, vision_num_heads=2, vision_depth=2,
    text_embed_dim=64, text_num_heads=4, text_depth=2, text_vocab_size=1000,
    decoder_embed_dim=128, decoder_num_heads=2, decoder_depth=2,
)).save_pretrained(sys.argv[1])
"""

QUICK_START = """
import sys
import torch
import torch_npu
from vtp.models.vtp_hf import VTPConfig, VTPModel

def main(path):
    config = VTPConfig.from_pretrained(path)
    model = VTPModel.from_pretrained(path, config=config)
    model = model.to("npu:0").eval()
    image = torch.randn(1, 3, 64, 64).to("npu:0")
    with torch.no_grad():
        features = model.get_last_layer_feature(image)
        latents = model.get_reconstruction_latents(image)
        pixels = model.get_latents_decoded_images(latents)
        clip = model.get_clip_image_feature(image, normalize=True)
    print("cls", tuple(features["cls_token"].shape), "patch", tuple(features["patch_tokens"].shape))
    print("reconstruction", tuple(pixels.shape), "clip", tuple(clip.shape), clip.device)

if __name__ == "__main__":
    main(sys.argv[1])
"""

IN_A_CHILD = """
import subprocess, sys
sys.exit(subprocess.run([sys.executable, "quick_start.py", sys.argv[1]]).returncode)
"""

SPAWNED = """
import multiprocessing, sys
import quick_start

if __name__ == "__main__":
    child = multiprocessing.get_context("spawn").Process(target=quick_start.main, args=(sys.argv[1],))
    child.start()
    child.join()
    sys.exit(child.exitcode)
"""


@pytest.fixture(scope="module", autouse=True)
def ported_on_the_path(vtp: Path) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", os.pathsep.join([str(vtp), os.environ.get("PYTHONPATH", "")]))
        yield


@pytest.fixture(scope="module")
def checkpoint(directory: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small checkpoint, saved by upstream on the CPU; transformers imports torch_npu even for that."""
    where = tmp_path_factory.mktemp("checkpoint")
    subprocess.run(
        [sys.executable, "-c", SAVE, str(where)],
        env={**os.environ, **simulator.environment(directory)},
        check=True,
    )
    return where


@pytest.mark.network
@pytest.mark.slow
@pytest.mark.parametrize("script", ["quick_start.py", "in_a_child.py", "spawned.py"])
def test_the_quick_start_runs_unchanged(
    script: str, checkpoint: Path, directory: Path, tmp_path: Path
) -> None:
    for name, text in {"quick_start": QUICK_START, "in_a_child": IN_A_CHILD, "spawned": SPAWNED}.items():
        (tmp_path / f"{name}.py").write_text(text)
    done = subprocess.run(
        [sys.executable, "-m", "npuport", "sim", "exec", "--", sys.executable, script, str(checkpoint)],
        env={**os.environ, softcann_startup.VARIABLE: str(directory)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-2:] == [
        "cls (1, 128) patch (1, 16, 128)",
        "reconstruction (1, 3, 64, 64) clip (1, 64) npu:0",
    ]
