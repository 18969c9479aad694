"""Every entry point computes on the device what upstream computes on the CPU."""

from npuport.parity.case import Case
from npuport.parity.compare import Comparison, compare
from npuport.parity.fallback import trap_fallbacks
from npuport.parity.result import Result
from npuport.parity.run import call
from npuport.parity.session import Session, flags, set_flags


def test_output(session: Session, case: Case, result: Result) -> None:
    capture = session.capture(case.size)
    model = session.candidate(case.size, tight=case.policy.tight)
    inputs = {name: tensor.to("npu:0") for name, tensor in capture.inputs(case.inputs).items()}

    set_flags(case.policy)
    with trap_fallbacks() as result.fallbacks:
        outputs = call(case.entry, model, inputs)
    result.flags = flags()

    dtypes = {name: tensor["dtype"] for name, tensor in capture.manifest["tensors"].items()}
    cast = [name for name, dtype in session.dtypes(model).items() if dtypes.get(name) != dtype]
    result.require(not cast, f"cast since the checkpoint was saved: {', '.join(cast)}")

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
    result.judge(verdicts + strange)
