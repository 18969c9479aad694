"""Encode a picture, decode it again and say how far the result is from it.

usage: PYTHONPATH=. python tools/rebuild.py CHECKPOINT PICTURE
"""

import sys
from pathlib import Path

import torch
from patchtok import PatchTok
from patchtok.data import read_image
from patchtok.seeding import seed_everything


def main(checkpoint: str, picture: str) -> None:
    """Print the latents' shape and the peak signal-to-noise ratio in dB."""
    seed_everything(0)
    model = PatchTok.from_pretrained(checkpoint).eval().cuda()
    image = read_image(Path(picture), model.config.image_size).cuda()
    with torch.inference_mode(), torch.autocast("cuda", dtype=torch.bfloat16):
        latents = model.encode(image)
        rebuilt = model.decode(latents)
    error = (rebuilt.float() - image).square().mean().item()
    print(f"latents {tuple(latents.shape)}, PSNR {10 * torch.tensor(4 / error).log10().item():.2f} dB")


if __name__ == "__main__":
    main(*sys.argv[1:])
