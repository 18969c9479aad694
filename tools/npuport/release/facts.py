"""The facts that a bundle's cards are written from."""

from collections.abc import Iterable
from typing import TypedDict

from npuport.bench.format import BenchResults
from npuport.patch.mail import parse_patch
from npuport.release.inputs import BundleInputs
from npuport.release.model import CardText
from npuport.suite.results import JudgedDevice, Results
from npuport.weights.checkpoint import CheckpointData


class ReleasedModel(TypedDict):
    """The model; see `model.ReleaseModel`."""

    name: str
    title: str
    size: str
    weights: str


class PatchFacts(TypedDict):
    """A patch: its file, its subject line, and its reason."""

    name: str
    subject: str
    reason: str


class LockFacts(TypedDict):
    """Upstream, the series, and the ported tree."""

    url: str
    commit: str
    tree: str
    license: str
    patches: list[PatchFacts]
    ported_commit: str
    ported_tree: str


class CardFacts(TypedDict):
    """All facts.

    Args:
        title: the bundle's name.
        card: the words of release.toml.
        parity, bench: the two results.json.
        weights: the trained weights that were judged; None for random ones.
        parameters: number of the model's parameters.
        files: paths of the source.
    """

    model: ReleasedModel
    title: str
    card: CardText
    simulated: bool
    device: JudgedDevice
    lock: LockFacts
    parity: Results
    bench: BenchResults
    weights: CheckpointData | None
    parameters: int
    files: list[str]


def card_facts(inputs: BundleInputs, source: Iterable[str]) -> CardFacts:
    """The facts of a bundle with these source files."""
    lock, model, evidence = inputs.lock, inputs.model, inputs.evidence
    patches = [parse_patch(patch.name, patch.data) for patch in inputs.patches]
    return {
        "model": {"name": model.name, "title": model.title, "size": model.size, "weights": model.weights},
        "title": inputs.title,
        "card": inputs.release.card,
        "simulated": evidence.simulated,
        "device": evidence.device,
        "lock": {
            "url": lock.url,
            "commit": lock.commit,
            "tree": lock.tree,
            "license": lock.license_file,
            "patches": [
                {"name": patch.name, "subject": patch.fields["subject"], "reason": patch.reason}
                for patch in patches
            ],
            "ported_commit": lock.ported_commit,
            "ported_tree": lock.ported_tree,
        },
        "parity": evidence.parity,
        "bench": evidence.bench,
        "weights": evidence.parity["weights"],
        "parameters": evidence.parity["captures"][model.size]["parameters"],
        "files": sorted(source),
    }
