"""manifest.json of a capture, as types. Needs no torch."""

from typing import TypedDict

from npuport.parity.case import InputSet, PolicyName


class TensorIdentity(TypedDict):
    """What identifies a parameter or buffer: `kind` is `parameter` or `buffer`, `sha256` is of its bytes."""

    kind: str
    dtype: str
    shape: list[int]
    sha256: str


class Spread(TypedDict):
    """Errors of the ensemble's members against the golden, for one output: a figure of each member."""

    rms: list[float]
    max_abs: list[float]


#: By entry point and output.
EntrySpreads = dict[str, dict[str, Spread]]


class Manifest(TypedDict):
    """What a capture holds.

    Args:
        size: a model size of the adapter's, or `weights`.
        seed: of weights and inputs.
        commit: upstream's commit.
        versions: of torch and transformers in the reference process.
        threads: torch's threads in the reference process.
        seconds: how long the reference process took.
        parameters: number of the model's parameters.
        tensors: every parameter and buffer, the non-persistent ones too.
        state_dict: by key, the shape of every tensor that a checkpoint of the model holds.
        ensemble: the ensemble's errors, by set of inputs and by policy.
    """

    size: str
    seed: int
    commit: str
    versions: dict[str, str]
    threads: int
    seconds: float
    parameters: int
    tensors: dict[str, TensorIdentity]
    state_dict: dict[str, list[int]]
    ensemble: dict[InputSet, dict[PolicyName, EntrySpreads]]
