"""The stand-in upstream, `lumen`, at the pin: modules that look like a model's."""

Tree = dict[str, bytes]

SEEDING = '''\
"""Seeds."""

import random

import numpy as np
import torch


def seed_everything(seed):
    """Seed every generator with one call."""
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)
    torch.cuda.manual_seed_all(seed)


def worker_seed(worker):
    """Seed a worker of the loader."""
    seed = torch.initial_seed() % 2**32 + worker
    random.seed(seed)
    np.random.seed(seed)
    return seed
'''

ROTARY = '''\
"""Rotary positions."""

import math

import torch
from torch import nn


class Rotary(nn.Module):
    """Turns queries and keys by their place in the picture."""

    def __init__(self, width, base=100.0):
        super().__init__()
        self.width = width
        self.base = base
        self.tables = {}

    def frequencies(self):
        """From one turn a picture downwards."""
        count = self.width // 4
        steps = torch.arange(count, device="cuda") / count
        return math.pi * self.base**-steps

    def table(self, rows, columns):
        """Cosines and sines, kept for the next picture of the same size."""
        key = (rows, columns)
        if key not in self.tables:
            angles = self.angles(rows, columns)
            self.tables[key] = (angles.cos(), angles.sin())
        return self.tables[key]

    def forward(self, x, rows, columns):
        """Turn."""
        cosines, sines = self.table(rows, columns)
        left, right = x.chunk(2, dim=-1)
        turned = (left * cosines - right * sines, right * cosines + left * sines)
        return torch.cat(turned, dim=-1)

    def angles(self, rows, columns):
        """An angle for each place and frequency."""
        frequencies = self.frequencies()
        ys = torch.linspace(-1, 1, rows, device="cuda")
        xs = torch.linspace(-1, 1, columns, device="cuda")
        grid = torch.stack(torch.meshgrid(ys, xs, indexing="ij"), dim=-1)
        return (grid[..., None] * frequencies).flatten(-2)
'''

BLOCKS = '''\
"""The blocks of the encoder."""

import torch
from torch import nn
from torch.nn import functional


class Attention(nn.Module):
    """Every place looks at every place."""

    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)

    def forward(self, x, mask=None):
        batch, count, width = x.shape
        q, k, v = self.qkv(x).view(batch, count, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        with torch.autocast("cuda", enabled=False):
            mixed = functional.scaled_dot_product_attention(q, k, v, mask)
        return self.out(mixed.transpose(1, 2).reshape(batch, count, width))


class Pooling(nn.Module):
    """One query looks at every place."""

    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.query = nn.Parameter(torch.zeros(1, 1, width))
        self.kv = nn.Linear(width, 2 * width)
        self.out = nn.Linear(width, width)

    def forward(self, x, mask=None):
        batch, count, width = x.shape
        q = self.query.expand(batch, 1, width).view(batch, 1, self.heads, -1).transpose(1, 2)
        k, v = self.kv(x).view(batch, count, 2, self.heads, -1).permute(2, 0, 3, 1, 4)
        mixed = functional.scaled_dot_product_attention(q, k, v, mask)
        return self.out(mixed.transpose(1, 2).reshape(batch, 1, width))


class Block(nn.Module):
    """Attention, then a perceptron, each beside a shortcut."""

    def __init__(self, width, heads, ratio=4):
        super().__init__()
        self.norm1 = nn.LayerNorm(width)
        self.attention = Attention(width, heads)
        self.norm2 = nn.LayerNorm(width)
        self.grow = nn.Linear(width, ratio * width)
        self.shrink = nn.Linear(ratio * width, width)

    def forward(self, x, mask=None):
        x = x + self.attention(self.norm1(x), mask)
        return x + self.shrink(functional.gelu(self.grow(self.norm2(x))))
'''

REBUILD = '''\
"""Rebuild a picture, and tell how well."""

import argparse

import torch
from PIL import Image

from lumen.model import Lumen


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("picture")
    parser.add_argument("--checkpoint", default="lumen-small")
    parser.add_argument("--device", default="cuda")
    args = parser.parse_args()
    model = Lumen.from_pretrained(args.checkpoint).to(args.device).eval()
    picture = model.prepare(Image.open(args.picture)).cuda()
    with torch.no_grad():
        rebuilt = model.decode(model.encode(picture[None]))[0]
    print(f"mean square error {(rebuilt - picture).square().mean():.5f}")


if __name__ == "__main__":
    main()
'''

EVALUATE = '''\
"""Name the pictures of a directory without having learnt their names."""

import argparse

import torch
import torch.distributed as dist

from lumen.model import Lumen
from lumen.seeding import seed_everything


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("pictures")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    seed_everything(args.seed)
    dist.init_process_group("nccl")
    torch.cuda.set_device(dist.get_rank())
    model = Lumen.from_pretrained("lumen-small").cuda().eval()
    for name, score in model.name(args.pictures):
        print(f"{name:20} {score:.3f}")


if __name__ == "__main__":
    main()
'''

LICENSE = "Use it as you please.\nPut our name on what you make of it.\n"
CHANGES = (
    "Übersicht der Änderungen\n\n- Größe: 16 × 16 → 32 × 32\n- Gerät: CUDA\n- Farbe: grün\n- Träger: keiner\n"
)

#: Upstream at the pin.
START: Tree = {
    path: text.encode()
    for path, text in {
        "LICENSE": LICENSE,
        "README.md": "# lumen\n\nPictures to tokens and back.\n",
        "lumen/__init__.py": "",
        "lumen/seeding.py": SEEDING,
        "lumen/rotary.py": ROTARY,
        "lumen/blocks.py": BLOCKS,
        "tools/rebuild.py": REBUILD,
        "tools/evaluate.py": EVALUATE,
        "tools/rebuild.sh": "#!/bin/sh\nset -e\npython -m tools.rebuild --device cuda boat.png\necho done\n",
        "docs/Übersicht.md": CHANGES,
    }.items()
}
