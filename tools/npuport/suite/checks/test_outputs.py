"""Every entry point computes on the device what upstream computes on the CPU."""

from npuport.device.runtime import trap_fallbacks
from npuport.parity.case import Case
from npuport.parity.flags import flags, set_flags
from npuport.parity.judge import judge
from npuport.suite.result import Result
from npuport.suite.session import Session


def test_output(session: Session, case: Case, result: Result) -> None:
    capture = session.capture(case.size)
    model = session.candidate(case.size, tight=case.policy.tight)

    set_flags(case.policy)
    with trap_fallbacks() as result.fallbacks:
        verdicts = judge(model, capture, case, "npu:0")
    result.flags = flags()

    dtypes = {name: tensor["dtype"] for name, tensor in capture.manifest["tensors"].items()}
    cast = [name for name, dtype in session.dtypes(model).items() if dtypes.get(name) != dtype]
    result.require(not cast, f"cast since the checkpoint was saved: {', '.join(cast)}")

    result.judge(verdicts)
