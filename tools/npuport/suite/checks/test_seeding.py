"""Upstream's seeding helper seeds the device, and no backend that is absent."""

import sys
from pathlib import Path
from typing import Any

import pytest
import torch

from npuport.suite.result import require
from npuport.suite.results import CheckResult
from npuport.suite.session import SuiteSession

SEED = 20261122


def test_the_device_starts_from_the_seed(session: SuiteSession, result: CheckResult) -> None:
    torch.npu.manual_seed_all(SEED)  # type: ignore[attr-defined]
    expected = torch.npu.get_rng_state("npu:0")  # type: ignore[attr-defined]
    torch.npu.manual_seed_all(1)  # type: ignore[attr-defined]
    torch.rand(5, device="npu:0")  # advances the generator

    session.adapter.seed(SEED)

    state, seed = torch.npu.get_rng_state("npu:0"), torch.npu.initial_seed()  # type: ignore[attr-defined]
    first = torch.rand(64, device="npu:0").cpu()
    session.adapter.seed(SEED)
    again = torch.rand(64, device="npu:0").cpu()
    session.adapter.seed(SEED + 1)
    other = torch.rand(64, device="npu:0").cpu()
    result["figures"] = {"seed": SEED, "initial_seed": seed, "state_equal": torch.equal(state, expected)}
    require(result, seed == SEED, f"torch.npu.initial_seed() is {seed} after seeding with {SEED}")
    require(
        result,
        torch.equal(state, expected),
        "the generator's state differs from that after torch.npu.manual_seed_all",
    )
    require(result, torch.equal(first, again), "the same seed gives different numbers")
    require(result, not torch.equal(first, other), "another seed gives the same numbers")


def test_nothing_absent_is_seeded(
    session: SuiteSession, result: CheckResult, monkeypatch: pytest.MonkeyPatch
) -> None:
    """torch.manual_seed itself seeds every backend, so only calls from the tree count."""
    called: list[str] = []
    absent = [name for name in ("cuda", "xpu", "mps") if not getattr(torch, name).is_available()]
    for backend in absent:
        for function in ("manual_seed", "manual_seed_all"):
            if hasattr(getattr(torch, backend), function):
                monkeypatch.setattr(
                    getattr(torch, backend), function, _spy(session.tree, called, backend, function)
                )

    session.adapter.seed(SEED)

    result["figures"] = {"absent": absent, "called": called}
    require(result, not called, f"the tree seeds an absent backend: {', '.join(called)}")


def _spy(tree: Path, called: list[str], backend: str, function: str) -> Any:
    original = getattr(getattr(torch, backend), function)

    def spy(*args: Any) -> Any:
        caller = Path(sys._getframe(1).f_code.co_filename)
        if caller.resolve().is_relative_to(tree):
            called.append(f"torch.{backend}.{function} from {caller.name}")
        return original(*args)

    return spy
