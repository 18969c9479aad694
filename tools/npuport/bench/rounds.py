"""The rounds of a benchmark: each a process of its own, one after the other.

What a process finds by chance (where its memory lies, which core it starts on, what else the machine does
just then) stays for as long as it runs. So every round is a fresh one, visits every run once, and the spread
between rounds says how far the next benchmark may lie.
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

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
            with _child(self.subject, self.plan, todo, self.first, self.log) as child:
                assert child.stdout is not None
                for line in child.stdout:
                    self._hear(json.loads(line))
                code = child.wait()
            if code:
                self._bury(code)
            if not code or not self.left:
                return

    def _hear(self, answer: dict[str, Any]) -> None:
        event = answer["event"]
        if event == "error":
            raise PortError(answer["message"], hint=answer["hint"])
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

    def _keep(self, run: Run, answer: dict[str, Any]) -> None:
        self.found.visits.setdefault(run, []).append(answer)
        self.left.remove(run)
        self.progress(_told(len(self.found.visits), len(self.left), run, answer))

    def _bury(self, code: int) -> None:
        """The run that the process died of is refused, larger batches of it are not tried."""
        if self.current is None:
            raise PortError(
                f"the benchmark's process {_ending(code)}: {_last(self.log)}",
                hint="fix what it says; `npuport doctor` knows what this machine lacks",
            )
        reason = f"the process {_ending(code)}: {_last(self.log)}"
        self._keep(self.current, {"state": "refused", "reason": reason, "flops": None})
        for run in [run for run in self.left if run[:2] == self.current[:2]]:
            ended = f"the sweep ended at batch {self.current[2]}: {reason}"
            self._keep(run, {"state": "ended", "reason": ended, "flops": None})
        self.current = None


def _run(words: list[Any]) -> Run:
    entry, dtype, batch = words
    return entry, dtype, batch


@contextmanager
def _child(
    subject: Subject, plan: Plan, runs: list[Run] | None, first: bool, log: IO[str]
) -> Iterator[subprocess.Popen[str]]:
    """The worker's process; it ends when we leave, whatever the reason."""
    request = {
        "plan": plan.json(),
        "tree": str(subject.tree),
        "adapter": str(subject.adapter),
        "device": subject.device,
        "weights": str(subject.weights) if subject.weights else None,
        "runs": runs,
        "first": first,
    }
    ours = str(Path(__file__).resolve().parents[2])
    environment = {"TQDM_DISABLE": "1", **os.environ, **subject.environment}
    path = [environment.get("PYTHONPATH", ""), ours]  # the simulator's sitecustomize stays first
    environment["PYTHONPATH"] = os.pathsep.join(filter(None, path))
    with tempfile.TemporaryDirectory(prefix="npuport-bench-") as scratch:
        file = Path(scratch) / "request.json"
        file.write_text(json.dumps(request), encoding="utf-8")
        command = [sys.executable, "-m", "npuport.bench.worker", str(file)]
        log.flush()
        child = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=log, text=True)
        try:
            yield child
        finally:
            _end(child)


def _end(child: subprocess.Popen[str]) -> None:
    """Interrupt, ask, kill: each after some seconds of patience."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL):
        if child.poll() is not None:
            break
        child.send_signal(number)
        try:
            child.wait(timeout=5)
        except subprocess.TimeoutExpired:
            continue
    if child.stdout is not None:
        child.stdout.close()


def _told(number: int, left: int, run: Run, answer: Mapping[str, Any]) -> str:
    entry, dtype, batch = run
    if answer["state"] == "measured":
        samples = sorted(answer["samples_ms"])
        said = f"{samples[len(samples) // 2]:10.2f} ms"
    else:
        said = f"{answer['state']}: {answer['reason']}"
    return f"  {number:>3}/{number + left:<3} {dtype:<8} batch {batch:<3} {entry:<48} {said}"


def _ending(code: int) -> str:
    return f"was killed by signal {-code}" if code < 0 else f"ended with code {code}"


def _last(log: IO[str]) -> str:
    """The last line that a child wrote."""
    log.flush()
    lines = [line.strip() for line in Path(log.name).read_text(errors="replace").splitlines() if line.strip()]
    return lines[-1] if lines else "no output"
