"""The form of a benchmark's results.json, as types: docs/bench.schema.json is made from `BenchResults`.

Times are in ms unless the name says otherwise, memory is in bytes, shares are between 0 and 1. None stands
for what is unknown or does not apply, and a neighbouring key gives the reason.
"""

from typing import Annotated, Literal, TypedDict

from npuport.base.schema import GitId, Limit, Sha256

Count = Annotated[int, Limit("minimum", 1)]
Dtype = Literal["float32", "bfloat16", "float16"]


class WeightsSource(TypedDict):
    """Trained weights, as `weights.checkpoint.CheckpointData`."""

    source: str
    revision: GitId | None
    digest: Sha256


class PortSource(TypedDict):
    """The tree that was measured, as `port.provenance.Provenance`; a bundle does not hold that module.

    Args:
        edits: files with local edits.
        locked: whether the tree is the one that upstream.lock names, unedited.
        adapter: sha256 of adapter.py, which decides what is run, and on which inputs.
    """

    upstream: str
    pin: GitId
    patches: list[str]
    commit: GitId | None
    tree: GitId | None
    edits: list[str]
    locked: bool
    adapter: Sha256


class BenchDevice(TypedDict):
    """The device that was measured."""

    kind: Literal["npu", "sim", "cuda", "cpu"]
    name: str
    simulated: bool


class ChipPeaks(TypedDict):
    """The chip whose peaks are used.

    Args:
        peaks: FLOP/s by dtype; a multiply-add counts as two.
        bandwidth: bytes/s.
    """

    name: str
    peaks: dict[str, float | None]
    memory: int | None
    bandwidth: float | None
    source: str
    notes: list[str]


class BenchMachine(TypedDict):
    """The host.

    Args:
        busy: for each round, the share of the CPU time used by other processes.
    """

    platform: str
    processor: str
    threads: int
    busy: list[float | None]


class PlanRecord(TypedDict):
    """The plan of the benchmark; see `plan.BenchPlan`.

    Args:
        entries: functions that the user named; empty for all.
        narrow: only the headline in the first dtype runs at every batch; other entries run at the first two,
            the headline in other dtypes at the first.
        headline: whether only the headline runs.
    """

    size: str
    dtypes: Annotated[list[Dtype], Limit("minItems", 1)]
    batches: Annotated[list[Count], Limit("minItems", 1)]
    entries: list[str]
    iterations: Count
    seconds: float
    rounds: Count
    budget: float
    narrow: bool
    headline: bool
    seed: int


class RoundsRecord(TypedDict):
    """The rounds.

    Args:
        count: processes that measured.
        pace: how slow each round was as a whole; 1 is usual.
    """

    count: Count
    seconds: list[float]
    pace: list[float]


class Memory(TypedDict):
    """The memory of one call, in bytes.

    Args:
        weights_bytes: parameters and buffers.
        inference_bytes: the peak of the call, less the weights.
        peak_bytes: weights and inference: what the published ports call the total.
        reserved_bytes: held by torch's allocator, used or not.
        total_bytes: in use on the device, by all processes and the driver.
        device_bytes: the device's memory.
        share: peak_bytes over device_bytes.
        device_share: total_bytes over device_bytes.
        basis: how the peak was measured, and why a figure is missing.
    """

    weights_bytes: int
    inference_bytes: int
    peak_bytes: int
    reserved_bytes: int | None
    total_bytes: int | None
    device_bytes: int | None
    share: float | None
    device_share: float | None
    basis: str


class ModelMemory(TypedDict):
    """The memory of the model: of its first pipeline at the smallest batch."""

    weights_bytes: int
    entry: str | None
    batch: int | None
    inference_bytes: int | None
    peak_bytes: int | None
    reserved_bytes: int | None
    total_bytes: int | None
    device_bytes: int | None
    share: float | None
    device_share: float | None
    basis: str | None


class Warmup(TypedDict):
    """How the warm-up ended.

    Args:
        iterations: calls made in it.
        steady: whether its last two windows agreed, in every round.
    """

    iterations: int
    steady: bool


class Latency(TypedDict):
    """Latency over all samples, in ms.

    Args:
        interval: of the median, at 95%, from the spread between rounds; None for a single round.
    """

    median: float
    p90: float
    p99: float
    mean: float
    min: float
    interval: list[float] | None


class DriftRecord(TypedDict):
    """The trend within the rounds.

    Args:
        rise: last third over first third of a round, minus 1.
    """

    rise: float
    p: float


class Launch(TypedDict):
    """The launches of a call, and when its work is done.

    Args:
        bound: `host` where the device waits for launches, `device` where launches wait for the device.
        reason: why the rule does not apply, else the rule with its figure.
        launches: operations dispatched in a call, views left out.
        between_us: mean time between launches, in microseconds.
        enqueue_ms: time until the call returns.
        drain_ms: time from there until the device is idle.
    """

    bound: Literal["host", "device", "not applicable"]
    reason: str
    launches: int
    between_us: float | None
    enqueue_ms: float | None
    drain_ms: float | None


class Roofline(TypedDict):
    """Whether memory limits the run.

    Args:
        intensity_at_most: FLOP over the bytes of the weights, which is the least that is read.
        ridge: FLOP/byte at which the chip's peak and its memory meet.
        memory_bound: true where it is certain.
    """

    intensity_at_most: float
    ridge: float | None
    memory_bound: bool | None


class MeasuredRun(TypedDict):
    """A run with figures.

    Args:
        reason: empty.
        cut: why there are fewer iterations than the plan has.
        throughput: items/s: the batch over the median latency.
        share_reason: why there is no share of the peak.
        fallbacks: operations that ran on the CPU instead of the device.
        rounds: every sample in ms, in order, one list a round.
    """

    entry: str
    dtype: Dtype
    batch: Count
    state: Literal["measured"]
    reason: str
    iterations: int
    cut: str | None
    warmup: Warmup
    latency_ms: Latency
    throughput: float
    outliers: int
    throttled: bool
    drift: DriftRecord
    launch: Launch | None
    flops: int | None
    flops_per_second: float | None
    share_of_peak: float | None
    share_reason: str | None
    roofline: Roofline | None
    memory: Memory | None
    fallbacks: list[str]
    rounds: list[list[float]]


class FailedRun(TypedDict):
    """A run without figures.

    Args:
        state: `refused`: the call raises; `ended`: memory was exhausted, here or at a smaller batch.
        reason: why there are no figures.
    """

    entry: str
    dtype: Dtype
    batch: Count
    state: Literal["refused", "ended"]
    reason: str
    iterations: None
    cut: None
    warmup: None
    latency_ms: None
    throughput: None
    outliers: None
    throttled: None
    drift: None
    launch: None
    flops: None
    flops_per_second: None
    share_of_peak: None
    share_reason: None
    roofline: None
    memory: None
    fallbacks: list[str]
    rounds: list[list[float]]


class BenchResults(TypedDict):
    """The results of `npuport bench`. Times are in ms unless the name says otherwise, memory is in bytes,
    shares are between 0 and 1. Null stands for what is unknown or does not apply; a neighbouring key gives
    the reason.

    Args:
        size: the adapter's name of the size; `weights` where a checkpoint was given.
        weights: trained weights; null for random ones by the model's constructor.
        port: the tree that was measured, as in the parity results; null outside a port.
        chip: null where no chip took part or none is known.
        flags: what allows lower precision in float32.
        entries: the adapter's entry points.
        pipelines: what users chain of the entry points, the full way first.
        headline: functions that lead the published tables.
        memory: of the first pipeline at the smallest batch, which stands for the model.
        refused: findings: float32 runs that should work and do not.
        uncounted: what `flops` leaves out.
        meaningless: on the simulator: that latency says nothing about the chip.
    """

    schema: Literal[1]
    model: str
    size: str
    weights: WeightsSource | None
    parameters: Count
    port: PortSource | None
    device: BenchDevice
    chip: ChipPeaks | None
    flags: dict[str, bool]
    versions: dict[str, str | None]
    machine: BenchMachine
    started: Annotated[str, Limit("pattern", r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")]
    seconds: float
    plan: PlanRecord
    rounds: RoundsRecord
    entries: list[str]
    pipelines: list[str]
    headline: list[str]
    memory: ModelMemory
    runs: list[MeasuredRun | FailedRun]
    refused: list[str]
    uncounted: str
    meaningless: str | None
