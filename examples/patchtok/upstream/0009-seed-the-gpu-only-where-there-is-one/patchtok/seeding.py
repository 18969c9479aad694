"""Runs that repeat."""

import random

import torch


def seed_everything(seed: int) -> None:
    """Seed Python, the CPU and every GPU."""
    random.seed(seed)
    torch.default_generator.manual_seed(seed)
    if torch.cuda.is_available():
        torch.cuda.manual_seed_all(seed)
