"""Every parameter and buffer on the device is the one that the reference saved.

Only this check finds one scalar that is off by 1e-3, and a buffer that a loader leaves uninitialised.
"""

from npuport.parity.capture import identity
from npuport.parity.manifest import TensorIdentity
from npuport.suite.result import require
from npuport.suite.results import CheckResult
from npuport.suite.session import SuiteSession


def test_every_tensor_arrives_unchanged(session: SuiteSession, size: str, result: CheckResult) -> None:
    expected = session.capture(size).manifest["tensors"]
    actual = identity(session.candidate(size, tight=False))

    differing = [name for name in expected if actual.get(name) != expected[name]]
    unexpected = [name for name in actual if name not in expected]
    result["figures"] = {"tensors": len(expected), "differing": differing, "unexpected": unexpected}
    shown = [f"{name} ({_difference(expected[name], actual.get(name))})" for name in differing[:4]]
    shown += ["..."] if len(differing) > 4 else []
    require(result, not differing, f"{len(differing)} of {len(expected)} differ: {'; '.join(shown)}")
    require(result, not unexpected, f"unexpected: {', '.join(unexpected)}")


def _difference(expected: TensorIdentity, actual: TensorIdentity | None) -> str:
    if actual is None:
        return "missing"
    return ", ".join(key for key in ("dtype", "shape", "sha256") if actual[key] != expected[key])
