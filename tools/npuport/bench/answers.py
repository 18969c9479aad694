"""What the process of a round is asked and what it answers, as types: `rounds` asks, `worker` answers."""

from typing import Literal, TypedDict

from npuport.bench.format import Launch, Memory, Warmup


class ModelFacts(TypedDict):
    """The model and the device of a round.

    Args:
        device: as it names itself.
        flags: what allows lower precision in float32.
    """

    model: str
    size: str
    entries: list[str]
    pipelines: list[str]
    headline: list[str]
    parameters: int
    weights_bytes: int
    device: str
    flags: dict[str, bool]
    threads: int
    versions: dict[str, str | None]


class MeasuredVisit(TypedDict):
    """A run measured in one round.

    Args:
        memory, launch, flops: None in all rounds but the first.
        samples_ms: in order.
    """

    state: Literal["measured"]
    reason: str
    samples_ms: list[float]
    warmup: Warmup
    memory: Memory | None
    launch: Launch | None
    flops: int | None
    fallbacks: list[str]


class FailedVisit(TypedDict):
    """A run that could not be measured, and why."""

    state: Literal["refused", "ended"]
    reason: str


Visit = MeasuredVisit | FailedVisit
