"""The rounds of a benchmark: each a process of its own, one after the other.

What a process finds by chance (where its memory lies, which core it starts on, what else the machine does
just then) stays for as long as it runs. So every round is a fresh one, visits every run once, and the spread
between rounds says how far the next benchmark may lie.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from npuport.base import process
from npuport.base.errors import PortError
from npuport.bench.busy import Ticks
from npuport.bench.plan import Plan, Run

#: Fewer rounds give no interval worth the name: Student's t for two of them is 12.7.
FEWEST = 3


@dataclass(frozen=True)
class Subject:
    """What is measured, and where.

    Args:
        tree: the model's source, put on `sys.path`.
        adapter: the port's adapter.
        device: `npu`, `cuda` or `cpu`, as torch calls it.
        weights: a checkpoint's directory; random ones where there is none.
        environment: what a child needs besides this process's environment to find the device.
    """

    tree: Path
    adapter: Path
    device: str
    weights: Path | None = None
    environment: Mapping[str, str] = field(default_factory=dict)

    def json(self) -> dict[str, str | None]:
        """The subject as the worker's request names it."""
        return {
            "tree": str(self.tree),
            "adapter": str(self.adapter),
            "device": self.device,
            "weights": str(self.weights) if self.weights else None,
        }


@dataclass
class Measured:
    """What the rounds left.

    Args:
        facts: of model and device, as the first round saw them.
        visits: of each run, one a round, in the rounds' order.
        seconds: of each round.
        busy: the share of the machine's CPU time that others took, in each round; None where unknown.
    """

    facts: dict[str, Any] = field(default_factory=dict)
    visits: dict[Run, list[dict[str, Any]]] = field(default_factory=dict)
    seconds: list[float] = field(default_factory=list)
    busy: list[float | None] = field(default_factory=list)


def measure(subject: Subject, plan: Plan, log: IO[str], progress: Callable[[str], None]) -> Measured:
    """Measure.

    Args:
        subject: what, where.
        plan: which runs, for how long.
        log: takes what the children write.
        progress: told of every run in the first round, of every round after it.

    Raises:
        PortError: the model does not load, or no run could be measured.
    """
    found = Measured()
    begun = time.monotonic()
    for number in range(plan.rounds):
        started, before = time.monotonic(), Ticks.now()
        runs = [run for run, visits in found.visits.items() if visits[-1]["state"] == "measured"]
        if number:
            spent, longest = started - begun, max(found.seconds)
            if number >= FEWEST and spent + longest > plan.budget:
                progress(f"  {number} rounds are what {plan.budget:.0f} s allow")
                break
            left = (plan.rounds - number) * longest
            left = min(left, max(plan.budget - spent, (FEWEST - number) * longest))
            progress(f"  round {number + 1} of {plan.rounds}, about {left:.0f} s to go")
        told = progress if number == 0 else lambda _line: None
        _Round(subject, plan, found, log, told, first=number == 0, left=runs).go()
        found.seconds.append(round(time.monotonic() - started, 1))
        found.busy.append(Ticks.now().others(before))
        if not any(visits[-1]["state"] == "measured" for visits in found.visits.values()):
            break
    return found


@dataclass
class _Round:
    """One round; where its process dies, another one goes on with the runs it had not come to."""

    subject: Subject
    plan: Plan
    found: Measured
    log: IO[str]
    progress: Callable[[str], None]
    first: bool
    left: list[Run]
    current: Run | None = None

    def go(self) -> None:
        """Visit every run."""
        while True:
            todo = None if self.first and not self.found.facts else self.left
            request = self.subject.json() | {"plan": self.plan.json(), "runs": todo, "first": self.first}
            environment = self.subject.environment
            with process.start("npuport.bench.worker", request, errors=self.log, extra=environment) as child:
                for answer in child.answers():
                    self._hear(answer)
                code = child.wait()
            if code:
                self._bury(code)
            if not code or not self.left:
                return

    def _hear(self, answer: process.Message) -> None:
        event = answer["event"]
        if event == "ready" and not self.found.facts:
            self.found.facts = answer["facts"]
            self.left = [_run(one) for one in answer["runs"]]
            self.progress(f"bench of {answer['facts']['size']} on {answer['facts']['device']}")
            self.progress(f"  {len(self.left)} runs; the model is there in {answer['seconds']:.0f} s")
        elif event == "begin":
            self.current = _run(answer["run"])
        elif event == "end":
            self.current = None
            self._keep(_run(answer["run"]), answer)

    def _keep(self, run: Run, answer: process.Message) -> None:
        self.found.visits.setdefault(run, []).append(dict(answer))
        self.left.remove(run)
        self.progress(_told(len(self.found.visits), len(self.left), run, answer))

    def _bury(self, code: int) -> None:
        """The run that the process died of is refused, larger batches of it are not tried."""
        if self.current is None:
            raise PortError(
                f"the benchmark's process {process.ending(code)}: {_last(self.log)}",
                hint="fix what it says; `npuport doctor` knows what this machine lacks",
            )
        reason = f"the process {process.ending(code)}: {_last(self.log)}"
        self._keep(self.current, {"state": "refused", "reason": reason, "flops": None})
        for run in [run for run in self.left if run[:2] == self.current[:2]]:
            ended = f"the sweep ended at batch {self.current[2]}: {reason}"
            self._keep(run, {"state": "ended", "reason": ended, "flops": None})
        self.current = None


def _run(words: list[Any]) -> Run:
    entry, dtype, batch = words
    return entry, dtype, batch


def _told(number: int, left: int, run: Run, answer: Mapping[str, Any]) -> str:
    entry, dtype, batch = run
    if answer["state"] == "measured":
        samples = sorted(answer["samples_ms"])
        said = f"{samples[len(samples) // 2]:10.2f} ms"
    else:
        said = f"{answer['state']}: {answer['reason']}"
    return f"  {number:>3}/{number + left:<3} {dtype:<8} batch {batch:<3} {entry:<48} {said}"


def _last(log: IO[str]) -> str:
    """The last line that a child wrote."""
    log.flush()
    return process.last_line(Path(log.name).read_text(errors="replace")) or "no output"
