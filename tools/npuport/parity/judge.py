"""One case on one device, compared with its capture: for the suite, and for a bundle's verify.py."""

from torch import nn

from npuport.parity.capture import Capture
from npuport.parity.case import Case, call
from npuport.parity.compare import compare
from npuport.parity.verdict import OutputVerdict, without_figures


def judge(model: nn.Module, capture: Capture, case: Case, device: str) -> list[OutputVerdict]:
    """The verdict on every output of a case.

    Args:
        model: the candidate, on the device; tightened where the case's policy asks for it.
        capture: what the reference process wrote.
        case: a case of the capture.
        device: torch's name of the device, `npu:0`; the caller has set its precision flags.
    """
    inputs = {name: tensor.to(device) for name, tensor in capture.inputs(case.inputs).items()}
    outputs = call(case.entry, model, inputs)
    place = (case.policy, case.inputs, case.entry.name)
    references, goldens = capture.outputs("reference", *place), capture.outputs("golden", *place)
    spreads, hf32 = capture.spread(*place), case.policy.conv_hf32
    verdicts = [
        compare(name, outputs.get(name), reference, goldens[name], spreads[name], hf32=hf32)
        for name, reference in references.items()
    ]
    extra = [name for name in outputs if name not in references]
    return verdicts + [without_figures(name, "fail", "upstream gives no such output") for name in extra]
