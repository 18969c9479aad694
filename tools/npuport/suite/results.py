"""results.json of the parity suite as types, and how it is read. Needs neither pytest nor torch.

docs/results.schema.json is made from `Results`.
"""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Literal, TypedDict

from npuport.base.schema import Limit
from npuport.parity.case import InputSet, PolicyName
from npuport.parity.verdict import OutputVerdict, Word, worst
from npuport.port.provenance import Provenance
from npuport.weights.checkpoint import CheckpointData

#: Version of the shape of results.json.
SCHEMA: Literal[1] = 1

Count = Annotated[int, Limit("minimum", 0)]
Flags = dict[str, bool]
#: Of npuport, Python and packages; None for a package that is absent.
Versions = Annotated[
    dict[str, str | None], Limit("required", ("npuport", "python", "torch", "torch_npu", "transformers"))
]
#: By key, the shape of every tensor that a model's checkpoint holds.
StateDict = dict[str, list[Count]]


class JudgedDevice(TypedDict):
    """The device.

    Args:
        name: as torch_npu gives it; the name of a simulated device contains "simulated".
    """

    kind: Literal["npu", "sim"]
    name: str
    simulated: bool


class Host(TypedDict):
    """The machine that drove the device."""

    platform: str
    processor: str


class Selection(TypedDict):
    """What was left out on request.

    Args:
        expression: as pytest's -k.
        deselected: number of checks.
    """

    expression: str
    deselected: Count


#: Of all five words.
Counts = Annotated[dict[Word, Count], Limit("minProperties", 5)]

Criterion = TypedDict(
    "Criterion", {"pass": float, "review": float, "max_abs": float, "floor": float, "members": int}
)
Criterion.__doc__ = """The limits of the ratio of the device's error to the ensemble's largest.

Args:
    pass: the largest ratio that passes.
    review: the largest ratio to review; a larger one fails.
    max_abs: limit of the largest absolute error over the ensemble's; scaled to `pass` in a ratio.
    floor: the smallest relative error that counts.
    members: runs in the ensemble.
"""


class PolicyTitle(TypedDict):
    """A precision policy and its description."""

    name: PolicyName
    title: str


class CaptureData(TypedDict):
    """Where the reference of one size came from.

    Args:
        key: name of the capture in the cache.
        versions: in the reference process.
        threads: number of torch's threads in the reference process.
        seconds: how long the reference process took when it made the capture.
        parameters: number of the model's parameters.
        state_dict: of upstream's model: by key, the shape of every tensor that its checkpoint holds.
    """

    key: str
    versions: dict[str, str]
    threads: int
    seconds: float
    parameters: int
    state_dict: StateDict


class CheckResult(TypedDict):
    """The verdict of one check with its figures.

    Args:
        id: name of the check in pytest.
        check: what is checked: outputs, identity, promises, seeding; or collection.
        size: the model's size; null where the check has none.
        inputs: the set of inputs; null where the check has none.
        policy: the precision policy; null where the check has none.
        entry: the entry point; null where the check has none.
        reason: why it is not a pass.
        ratio: the largest ratio of its outputs.
        seconds: how long the check took; on a simulated device it says nothing about the chip.
        flags: precision flags of torch_npu while it ran.
        fallbacks: operations that torch_npu ran on the CPU.
        figures: what a check measured that does not check outputs.
        outputs: the verdict on every output.
    """

    id: str
    check: str
    size: str | None
    inputs: InputSet | None
    policy: PolicyName | None
    entry: str | None
    word: Word
    reason: str
    ratio: float | None
    seconds: float
    flags: Flags
    fallbacks: list[str]
    figures: dict[str, object]
    outputs: list[OutputVerdict]


class Fallback(TypedDict):
    """An operation that torch_npu ran on the CPU, and in which checks."""

    operation: str
    cases: list[str]


class Results(TypedDict):
    """Every verdict of a run of the parity suite with its figures. report.md is made from this file alone.

    Args:
        schema: version of this shape.
        verdict: the worst of all verdicts; error where nothing ran.
        counts: number of checks by verdict.
        model: the model's name, as the port's adapter gives it.
        port: what was judged.
        versions: in the process that drove the device.
        seed: of weights and inputs.
        weights: the checkpoint; null for excited weights.
        selection: what was left out on request.
        criterion: the limits of the ratio.
        default_flags: precision flags of torch_npu before the suite set any.
        captures: by size: where the reference came from.
        started: UTC, ISO 8601.
        seconds: the whole run.
        fallbacks: operations that torch_npu ran on the CPU.
    """

    schema: Literal[1]
    verdict: Word
    counts: Counts
    model: str
    port: Provenance
    device: JudgedDevice
    versions: Versions
    machine: Host
    seed: int
    weights: CheckpointData | None
    selection: Selection
    criterion: Criterion
    policies: list[PolicyTitle]
    default_flags: Flags
    captures: dict[str, CaptureData]
    started: str
    seconds: float
    results: list[CheckResult]
    fallbacks: list[Fallback]


def read_results(path: Path) -> Results:
    """Read a results.json.

    Raises:
        OSError: it cannot be read.
        ValueError: it is not JSON, or another version of npuport wrote it.
    """
    results: Results = json.loads(path.read_bytes())
    if not isinstance(results, dict) or results.get("schema") != SCHEMA:
        raise ValueError("it was written by another npuport")
    return results


def overall(results: Iterable[CheckResult]) -> Word:
    """The verdict of a run: the worst one, skips aside; `error` where nothing ran."""
    return worst(result["word"] for result in results if result["word"] != "skip")


def not_passed(results: Iterable[CheckResult]) -> list[CheckResult]:
    """The checks that neither passed nor were skipped."""
    return [result for result in results if result["word"] not in ("pass", "skip")]


def largest_ratio(results: Iterable[CheckResult]) -> float | None:
    """The largest ratio; None where nothing was measured."""
    return max((result["ratio"] for result in results if result["ratio"] is not None), default=None)
