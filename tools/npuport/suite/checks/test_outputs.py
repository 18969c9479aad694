"""Every entry point computes on the device what upstream computes on the CPU."""

from npuport.device.runtime import trap_fallbacks
from npuport.parity.case import Case
from npuport.parity.flags import flags, set_flags
from npuport.parity.judge import judge
from npuport.suite.result import judge_outputs, require
from npuport.suite.results import CheckResult
from npuport.suite.session import SuiteSession


def test_output(session: SuiteSession, case: Case, result: CheckResult) -> None:
    capture = session.capture(case.size)
    model = session.candidate(case.size, tight=case.policy.tight)

    set_flags(case.policy)
    with trap_fallbacks() as fallbacks:
        verdicts = judge(model, capture, case, "npu:0")
    result["fallbacks"], result["flags"] = fallbacks, flags()

    # `model.float()` and its like cast buffers too
    dtypes = {name: f"torch.{tensor['dtype']}" for name, tensor in capture.manifest["tensors"].items()}
    tensors = [*model.named_parameters(), *model.named_buffers()]
    cast = [name for name, tensor in tensors if dtypes.get(name) != str(tensor.dtype)]
    require(result, not cast, f"cast since the checkpoint was saved: {', '.join(cast)}")

    judge_outputs(result, verdicts)
