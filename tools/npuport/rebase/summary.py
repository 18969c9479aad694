"""A whole rebase as data: what the command prints, report.json holds and `--json` gives."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from npuport.base.schema import Count
from npuport.device.choose import SIMULATED
from npuport.git.history import UpstreamCommit
from npuport.parity.verdict import Word
from npuport.port.pin import Pin
from npuport.rebase.verdict import Verdict


@dataclass(frozen=True)
class LicenseChange:
    """Upstream's licence at both pins.

    Args:
        path: in upstream's tree, at the new pin.
        old: its sha256 at the old pin; `none` where upstream has no such file.
        new: its sha256 at the new pin; `none` where the file is gone.
        diff: unified, old to new; empty where they are the same.
    """

    path: str
    old: str
    new: str
    diff: str

    @property
    def changed(self) -> bool:
        """Whether the licence differs."""
        return self.old != self.new


@dataclass(frozen=True)
class Proof:
    """One run of the parity suite, out of its results.json.

    Args:
        verdict: the worst of all checks.
        device: its name; holds `(simulated)` on the simulator.
        counts: checks by verdict.
        worst: the largest ratio; null where nothing was measured.
        red: the ids of the checks that did not pass.
        state_dict: by size and key, the shape of every entry of the model's state dict.
    """

    verdict: Word
    device: str
    counts: dict[Word, Count]
    worst: float | None
    red: tuple[str, ...]
    state_dict: dict[str, dict[str, list[Count]]]


@dataclass(frozen=True)
class Summary:
    """Everything that is known of a rebase. report.md and report.html are made from this file alone.

    Args:
        schema: version of this shape.
        good: whether nothing has to be decided.
        old: the pin that the lock had.
        new: the pin asked for.
        log: upstream's commits between the pins, newest first.
        history: what is unusual about the commits from the old pin to the new one: `upstream rewrote its
            history`, `the mirror is shallow`; empty where nothing is.
        verdicts: one for each patch, in the order of the series, as far as it went.
        waiting: the names of the patches that were not reached, because one before them needs a decision.
        ahead: preliminary verdicts on those: as they will be if each conflict before them is resolved with
            the patch's own lines.
        license: upstream's licence at both pins.
        api: differences of the entry points and of the configuration.
        assumptions: CUDA assumptions that are new since the old pin.
        state_dict: entries of the model's state dict that are gone, new or of another shape; known where
            parity ran on both ports.
        before: parity of the old port; null where it was not run.
        after: parity of the new port; null where it was not run.
        simulated: whether parity ran on the simulator, without a chip.
        decisions: what has to be decided, a line each.
        published: whether the port is now the new one.
    """

    old: Pin
    new: Pin
    log: tuple[UpstreamCommit, ...]
    history: str
    verdicts: tuple[Verdict, ...]
    waiting: tuple[str, ...]
    license: LicenseChange
    ahead: tuple[Verdict, ...] = ()
    api: tuple[str, ...] = ()
    assumptions: tuple[str, ...] = ()
    before: Proof | None = None
    after: Proof | None = None
    decisions: tuple[str, ...] = ()
    published: bool = False
    schema: Literal[1] = 1
    good: bool = field(init=False)
    state_dict: tuple[str, ...] = field(init=False)
    simulated: bool = field(init=False)

    def __post_init__(self) -> None:
        proofs = [proof for proof in (self.before, self.after) if proof]
        object.__setattr__(self, "good", not self.decisions)
        object.__setattr__(self, "state_dict", state_dict_difference(self.before, self.after))
        object.__setattr__(self, "simulated", any(SIMULATED in proof.device for proof in proofs))


def state_dict_difference(before: Proof | None, after: Proof | None) -> tuple[str, ...]:
    """The changes of the model's state dict, a line each: a checkpoint of the old model may not load."""
    return tuple(dict.fromkeys(_differences(before, after))) if before and after else ()


def _differences(before: Proof, after: Proof) -> Iterator[str]:
    for size in filter(after.state_dict.__contains__, before.state_dict):
        old, new = before.state_dict[size], after.state_dict[size]
        for key in [*old, *(key for key in new if key not in old)]:
            if key not in new:
                yield f"{key} {old[key]} is gone"
            elif key not in old:
                yield f"{key} {new[key]} is new"
            elif old[key] != new[key]:
                yield f"{key} was {old[key]}, is {new[key]}"
