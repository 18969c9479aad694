"""What a model promises: two runs are equal, unit vectors have length 1, and it loads what it saves."""

from pathlib import Path

import torch

from npuport.adapter import EntryPoint
from npuport.parity.capture import Capture, identity
from npuport.parity.case import POLICIES, call
from npuport.parity.flags import flags, set_flags
from npuport.suite.result import require
from npuport.suite.results import CheckResult
from npuport.suite.session import SuiteSession

#: torch_npu's defaults on the model as shipped: what a user runs.
DEFAULT = POLICIES[-1]


def outputs(session: SuiteSession, model: torch.nn.Module, capture: Capture) -> dict[str, torch.Tensor]:
    """All outputs on the smallest set of inputs, by entry point and output."""
    names = capture.manifest["ensemble"]
    inputs = {
        name: tensor.to("npu:0")
        for name, tensor in capture.inputs("real" if "real" in names else "random").items()
    }
    return {
        f"{entry.name}/{name}": tensor
        for entry in session.adapter.entry_points
        if set(entry.needs) <= set(inputs)
        for name, tensor in call(entry, model, inputs).items()
    }


def unequal(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> list[str]:
    """Names of outputs whose bits differ."""
    return [name for name in one if not torch.equal(bits(one[name]), bits(other[name]))]


def bits(tensor: torch.Tensor) -> torch.Tensor:
    return tensor.contiguous().reshape(-1).view(torch.uint8)


def test_two_runs_give_the_same_bits(session: SuiteSession, size: str, result: CheckResult) -> None:
    model, capture = session.candidate(size, tight=False), session.capture(size)
    set_flags(DEFAULT)
    result["flags"] = flags()

    first, second = outputs(session, model, capture), outputs(session, model, capture)

    differing = unequal(first, second)
    result["figures"] = {"outputs": len(first), "differing": differing}
    require(result, not differing, f"two runs differ in {', '.join(differing)}")


def test_unit_vectors_have_length_one(session: SuiteSession, size: str, result: CheckResult) -> None:
    model, capture = session.candidate(size, tight=False), session.capture(size)
    set_flags(DEFAULT)
    result["flags"] = flags()
    entries: list[EntryPoint] = [entry for entry in session.adapter.entry_points if entry.unit_norm]
    inputs = {name: tensor.to("npu:0") for name, tensor in capture.inputs("random").items()}

    largest = {
        entry.name: max(
            float((t.double().norm(dim=-1) - 1).abs().max()) for t in call(entry, model, inputs).values()
        )
        for entry in entries
    }

    result["figures"] = {"furthest_from_one": largest}
    for name, distance in largest.items():
        require(result, distance <= 2.0**-20, f"{name}: a length differs from 1 by {distance:.2g}")


def test_what_the_device_saves_it_loads(
    session: SuiteSession, size: str, result: CheckResult, tmp_path: Path
) -> None:
    model, capture = session.candidate(size, tight=False), session.capture(size)
    set_flags(DEFAULT)
    result["flags"] = flags()
    before = outputs(session, model, capture)

    session.adapter.save(model, tmp_path)
    loaded = session.load(tmp_path).to("npu:0").eval()

    expected, actual = capture.manifest["tensors"], identity(loaded)
    differing = [name for name in expected if actual.get(name) != expected[name]]
    changed = unequal(before, outputs(session, loaded, capture))
    result["figures"] = {
        "tensors": len(expected),
        "differing": differing,
        "outputs": len(before),
        "changed": changed,
    }
    require(result, not differing, f"differ from the checkpoint: {', '.join(differing)}")
    require(result, not changed, f"outputs differ after loading: {', '.join(changed)}")
