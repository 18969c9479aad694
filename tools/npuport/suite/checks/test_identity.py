"""Every parameter and buffer arrives on the device as the reference left it.

The only sure catch for one scalar that is off by 1e-3, and for a buffer that a loader fills with nothing.
"""

from typing import Any

from npuport.parity.capture import identity
from npuport.suite.result import Result
from npuport.suite.session import Session

#: Of every tensor: dtype, shape, sha256.
Identities = dict[str, dict[str, Any]]


def test_every_tensor_arrives_unchanged(session: Session, size: str, result: Result) -> None:
    expected = session.capture(size).manifest["tensors"]
    found = identity(session.candidate(size, tight=False))

    differing = [name for name in expected if found.get(name) != expected[name]]
    strange = [name for name in found if name not in expected]
    result.figures = {"tensors": len(expected), "differing": differing, "unexpected": strange}
    result.require(
        not differing, f"{len(differing)} of {len(expected)} differ: {_told(expected, found, differing)}"
    )
    result.require(not strange, f"unexpected: {', '.join(strange)}")


def _told(expected: Identities, found: Identities, names: list[str]) -> str:
    lines = []
    for name in names[:4]:
        here = found.get(name)
        fields = [
            field for field in ("dtype", "shape", "sha256") if here and here[field] != expected[name][field]
        ]
        lines.append(f"{name} ({', '.join(fields) if here else 'missing'})")
    return "; ".join(lines) + ("; ..." if len(names) > 4 else "")
