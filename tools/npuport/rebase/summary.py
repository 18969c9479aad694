"""A whole rebase as data: what the command prints, the report shows and `--json` gives."""

from dataclasses import dataclass

from npuport.git.history import UpstreamCommit
from npuport.parity.verdict import Word
from npuport.port.pin import Pin
from npuport.rebase.verdict import Verdict


@dataclass(frozen=True)
class LicenseChange:
    """Upstream's licence at both pins.

    Args:
        path: of the licence in the tree.
        old: its sha256 at the old pin; `none` where upstream has no such file.
        new: at the new one.
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
        verdict: pass, review, fail...
        device: its name; holds "(simulated)" on the simulator.
        counts: checks by verdict.
        worst: the largest ratio; None where nothing was measured.
        red: the ids of the checks that did not pass.
        state_dict: shape of every entry of the model's state dict, by size and key.
    """

    verdict: Word
    device: str
    counts: dict[Word, int]
    worst: float | None
    red: tuple[str, ...]
    state_dict: dict[str, dict[str, list[int]]]


@dataclass(frozen=True)
class Summary:
    """Everything that is known of a rebase.

    Args:
        old: the pin that the lock had.
        new: the pin asked for.
        log: upstream's commits between them, newest first.
        history: what is unusual about the way from old to new: "upstream rewrote its history: the old pin
            is not an ancestor of the new one", "the mirror is shallow"; empty where nothing is.
        verdicts: a patch each, in order; those that were not reached yet are missing.
        waiting: the names of those.
        ahead: their preliminary verdicts: as they will be if each conflict before is decided for the patch.
        license: upstream's licence at both pins.
        api: differences of the entry points, a line each.
        assumptions: CUDA assumptions that are new since the old pin, a line each.
        before: parity of the old port; None where it was not asked for or not run.
        after: parity of the new one.
        decisions: what a person has to decide, a line each; empty where nothing.
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
