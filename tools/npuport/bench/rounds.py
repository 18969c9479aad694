"""The rounds of a benchmark: one process each, one after the other.

The conditions of a process (where its memory lies, which core it starts on, what else the machine does) last
as long as the process. So every round is a fresh process that visits every run once, and the spread between
rounds shows how far away the next benchmark may be.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from npuport.base import process
from npuport.base.child import Message, start
from npuport.base.errors import PortError
from npuport.base.schema import to_json
from npuport.base.text import silent
from npuport.bench.answers import ModelFacts, Visit
from npuport.bench.busy import Ticks
from npuport.bench.plan import BenchPlan, RunKey

#: Fewer rounds give no useful interval: Student's t for two of them is 12.7.
FEWEST = 3


@dataclass(frozen=True)
class BenchTarget:
    """What is measured, and where.

    Args:
        tree: the model's source, put on `sys.path`.
        adapter: the port's adapter.
        device: `npu`, `cuda` or `cpu`, as torch calls it.
        weights: a checkpoint's directory; None for random weights.
        environment: variables that a child needs to find the device.
    """

    tree: Path
    adapter: Path
    device: str
    weights: Path | None = None
    environment: Mapping[str, str] = field(default_factory=dict)

    def json(self) -> dict[str, str | None]:
        """The target as the worker's request names it."""
        return {
            "tree": str(self.tree),
            "adapter": str(self.adapter),
            "device": self.device,
            "weights": str(self.weights) if self.weights else None,
        }


@dataclass
class Measured:
    """What the rounds returned.

    Args:
        facts: of model and device, from the first round.
        visits: of each run, one a round, in the rounds' order.
        seconds: of each round.
        busy: for each round, the share of CPU time used by other processes; None where unknown.
    """

    facts: ModelFacts | None = None
    visits: dict[RunKey, list[Visit]] = field(default_factory=dict)
    seconds: list[float] = field(default_factory=list)
    busy: list[float | None] = field(default_factory=list)

    def working(self) -> list[RunKey]:
        """The runs that were measured in the last round."""
        return [run for run, visits in self.visits.items() if visits[-1]["state"] == "measured"]


def measure(target: BenchTarget, plan: BenchPlan, log: IO[str], progress: Callable[[str], None]) -> Measured:
    """Measure a target.

    Args:
        target: what is measured, and where.
        plan: which runs, for how long.
        log: the file that takes what the children write to stderr.
        progress: called for every run of the first round, and for every round after it.

    Raises:
        PortError: the model does not load, or the benchmark's process fails before its first run.
    """
    measured = Measured()
    begun = time.monotonic()
    for number in range(plan.rounds):
        started, before = time.monotonic(), Ticks.now()
        runs = measured.working()
        if number:
            spent, longest = started - begun, max(measured.seconds)
            if number >= FEWEST and spent + longest > plan.budget:
                progress(f"  stop after {number} rounds: the budget is {plan.budget:.0f} s")
                break
            left = (plan.rounds - number) * longest
            left = min(left, max(plan.budget - spent, (FEWEST - number) * longest))
            progress(f"  round {number + 1} of {plan.rounds}, about {left:.0f} s to go")
        first = number == 0
        _Round(target, plan, measured, log, progress if first else silent, first=first, left=runs).run()
        measured.seconds.append(round(time.monotonic() - started, 1))
        measured.busy.append(Ticks.now().others(before))
        if not measured.working():
            break
    return measured


@dataclass
class _Round:
    """One round. Where its process dies, another process goes on with the runs that are left."""

    target: BenchTarget
    plan: BenchPlan
    measured: Measured
    log: IO[str]
    progress: Callable[[str], None]
    first: bool
    left: list[RunKey]
    current: RunKey | None = None

    def run(self) -> None:
        """Visit every run."""
        while True:
            runs = None if self.first and not self.measured.facts else self.left
            request = self.target.json() | {"plan": to_json(self.plan), "runs": runs, "first": self.first}
            environment = self.target.environment
            with start("npuport.bench.worker", request, errors=self.log, extra=environment) as child:
                for answer in child.answers():
                    self._take(answer)
                code = child.wait()
            if code:
                self._process_died(code)
            if not code or not self.left:
                return

    def _take(self, answer: Message) -> None:
        event = answer["event"]
        if event == "ready" and not self.measured.facts:
            facts = self.measured.facts = answer["facts"]
            self.left = [RunKey(*words) for words in answer["runs"]]
            self.progress(f"bench of {facts['size']} on {facts['device']}")
            self.progress(f"  {len(self.left)} runs; the model is loaded after {answer['seconds']:.0f} s")
        elif event == "begin":
            self.current = RunKey(*answer["run"])
        elif event == "end":
            self.current = None
            self._keep(RunKey(*answer["run"]), answer["visit"])

    def _keep(self, run: RunKey, visit: Visit) -> None:
        self.measured.visits.setdefault(run, []).append(visit)
        self.left.remove(run)
        self.progress(_line(len(self.measured.visits), len(self.left), run, visit))

    def _process_died(self, code: int) -> None:
        """Refuse the run in which the process died, and end its sweep."""
        reason = f"{process.ending(code)}: {_last(self.log)}"
        if self.current is None:
            raise PortError(
                f"the benchmark's process {reason}", hint="fix that; `npuport doctor` checks this machine"
            )
        died = self.current
        self._keep(died, {"state": "refused", "reason": f"the process {reason}"})
        for run in [run for run in self.left if run[:2] == died[:2]]:
            ended = f"the sweep ended at batch {died.batch}: the process {reason}"
            self._keep(run, {"state": "ended", "reason": ended})
        self.current = None


def _line(number: int, left: int, run: RunKey, visit: Visit) -> str:
    """The line of progress of a run in the first round."""
    if visit["state"] == "measured":
        samples = sorted(visit["samples_ms"])
        outcome = f"{samples[len(samples) // 2]:10.2f} ms"
    else:
        outcome = f"{visit['state']}: {visit['reason']}"
    entry, dtype, batch = run
    return f"  {number:>3}/{number + left:<3} {dtype:<8} batch {batch:<3} {entry:<48} {outcome}"


def _last(log: IO[str]) -> str:
    log.flush()
    return process.last_line(Path(log.name).read_text(errors="replace")) or "no output"
