"""The candidate on a device, judged against a capture: its weights, then every entry point at every policy.

For a bundle's `verify.py`; the suite does the same in pytest. Import it when the device is chosen: it imports
torch.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Literal, NotRequired, TypedDict

import torch
from torch import nn

from npuport.adapter import Adapter
from npuport.base.schema import finite
from npuport.device.choose import Device
from npuport.device.runtime import trap_fallbacks
from npuport.parity.capture import Capture, identity
from npuport.parity.case import POLICIES, Case, Policy
from npuport.parity.flags import set_flags
from npuport.parity.judge import judge
from npuport.parity.verdict import ORDER, OutputVerdict


class BundleCheck(TypedDict):
    """The result of one check of `verify.py`.

    Args:
        check: what was checked.
        word: a verdict; `note` is worth knowing and not a finding.
        reason: why it is not a pass, or what passed.
        ratio: the largest ratio of the outputs.
        outputs: the verdict on every output.
        differing: names of tensors.
    """

    check: str
    word: Literal["pass", "skip", "note", "review", "fail", "error"]
    reason: str
    ratio: NotRequired[float | None]
    outputs: NotRequired[list[OutputVerdict]]
    differing: NotRequired[list[str]]


def judge_candidate(
    adapter: Adapter, directory: Path, size: str, device: Device, *, quick: bool
) -> Iterator[BundleCheck]:
    """Every check of the candidate against the capture in a directory; with `quick` at the first policy."""
    capture = Capture(directory)
    for policy in POLICIES[:1] if quick else POLICIES:
        if policy.conv_hf32 and device.torch != "npu:0":
            continue  # HF32 is a rounding of the NPU
        try:
            model = adapter.load(capture.checkpoint)
            if policy.tight:
                adapter.tighten(model)
            model = model.to(device.torch).eval()
        except Exception as error:  # whatever the loader or the device raises is the finding
            yield {"check": f"the model, {policy.name}", "word": "error", "reason": _line(error)}
            continue
        if not policy.conv_hf32:
            yield _judge_weights(model, capture, policy)
        if device.torch == "npu:0":
            set_flags(policy)
        torch.backends.cudnn.allow_tf32 = False  # a GPU computes in float32
        for inputs in capture.manifest["ensemble"]:
            names = set(capture.inputs(inputs))
            for entry in adapter.entry_points:
                if set(entry.needs) <= names:
                    yield _judge_entry(model, capture, Case(size, policy, inputs, entry), device)


def _judge_weights(model: nn.Module, capture: Capture, policy: Policy) -> BundleCheck:
    """Whether every tensor on the device has the bytes of the reference's."""
    expected, actual = capture.manifest["tensors"], identity(model)
    wrong = [name for name in {**expected, **actual} if actual.get(name) != expected.get(name)]
    return {
        "check": f"tensors on the device, {policy.name}",
        "word": "fail" if wrong else "pass",
        "reason": f"{len(wrong)} differ: {', '.join(wrong[:3])}" if wrong else f"{len(expected)} are equal",
    }


def _judge_entry(model: nn.Module, capture: Capture, case: Case, device: Device) -> BundleCheck:
    check = f"{case.entry.name}, {case.policy.name}, {case.inputs} inputs"
    try:
        with trap_fallbacks() as fallbacks:
            outputs = judge(model, capture, case, device.torch)
    except Exception as error:  # whatever the model or the device raises is the finding of this case
        return {"check": check, "word": "error", "reason": _line(error), "ratio": None, "outputs": []}
    worst = max(outputs, key=lambda output: (ORDER.index(output["word"]), output["ratio"] or 0.0))
    reason = f"{worst['output']}: {worst['reason']}" if worst["reason"] else ""
    reason += f" ran on the CPU: {', '.join(fallbacks)}" if fallbacks else ""
    ratios = [output["ratio"] for output in outputs if output["ratio"] is not None]
    result: BundleCheck = {
        "check": check,
        "word": worst["word"],
        "reason": reason.strip(),
        "ratio": max(ratios, default=None),
        "outputs": outputs,
    }
    return finite(result)


def _line(error: Exception) -> str:
    return f"{type(error).__name__}: {(str(error).strip().splitlines() or [''])[0]}"
