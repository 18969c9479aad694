"""One case on one device, held against its capture: for the suite, and for a bundle's verify.py."""

from torch import nn

from npuport.parity.capture import Capture
from npuport.parity.case import Case, call
from npuport.parity.compare import Comparison, compare


def judge(model: nn.Module, capture: Capture, case: Case, device: str) -> list[Comparison]:
    """Every output of a case, judged.

    Args:
        model: the candidate, on the device; tightened where the case's policy says so.
        capture: what the reference process left.
        case: one of the capture's.
        device: torch's name of it, `npu:0`; its precision flags are the caller's to set.
    """
    inputs = {name: tensor.to(device) for name, tensor in capture.inputs(case.inputs).items()}
    outputs = call(case.entry, model, inputs)
    place = (case.policy, case.inputs, case.entry.name)
    reference, golden = capture.outputs("reference", *place), capture.outputs("golden", *place)
    spread = capture.spread(*place)
    verdicts = [
        compare(
            name, outputs.get(name), reference[name], golden[name], spread[name], hf32=case.policy.conv_hf32
        )
        for name in reference
    ]
    strange = [
        Comparison(name, "fail", "upstream gives no such output") for name in outputs if name not in reference
    ]
    return verdicts + strange
