"""One round: a fresh process that builds the model and visits every run. `rounds` starts it.

It answers with `ready` and the facts of model and device, then with `begin` and `end` for each run, then
with `done`.
"""

import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

from npuport.adapter import EntryPoint, load_adapter
from npuport.base.errors import PortError
from npuport.base.process import Message, answering
from npuport.base.schema import from_json
from npuport.bench.answers import ModelFacts, Visit
from npuport.bench.plan import PATIENCE, BenchPlan, RunKey

#: The name of the size where a checkpoint is given.
WEIGHTS = "weights"


def visit_runs(request: Message, answer: Callable[[Message], None]) -> None:
    """Build the model, answer with the facts, visit the runs."""
    if request["device"] != "npu":
        sys.modules["torch_npu"] = None  # type: ignore[assignment]  # transformers imports what it finds
    sys.dont_write_bytecode = True  # the tree must stay as the port made it
    sys.path.insert(0, request["tree"])
    started = time.monotonic()
    worker = _Worker(request)
    runs = [RunKey(*words) for words in request["runs"] or worker.runs()]
    facts = worker.facts()
    answer({"event": "ready", "facts": facts, "runs": runs, "seconds": time.monotonic() - started})
    for run in runs:
        answer({"event": "begin", "run": run})
        answer({"event": "end", "run": run, "visit": worker.visit(run)})
    answer({"event": "done"})


class _Worker:
    """The model on its device."""

    def __init__(self, request: Message) -> None:
        # torch is imported only now: `visit_runs` has settled which devices it may find
        import torch

        from npuport.bench.flops import Counter
        from npuport.device.accelerator import Accelerator

        self._first: bool = request["first"]
        self._plan = from_json(BenchPlan, request["plan"])
        self._adapter = adapter = load_adapter(Path(request["adapter"]))
        self._device = Accelerator(request["device"])
        self._size = self._plan.size or adapter.default_sizes[-1]
        self._over: dict[tuple[str, str], str] = {}
        self._entries: dict[str, EntryPoint] = {
            entry.name: entry for entry in (*adapter.entry_points, *adapter.pipelines)
        }
        torch.manual_seed(self._plan.seed)
        if request["weights"]:
            self._size, model = WEIGHTS, adapter.load(Path(request["weights"]))
        elif self._size in adapter.sizes:
            model = adapter.build(self._size)
        else:
            raise PortError(
                f"{adapter.name} has no size {self._size}", hint=f"--size {' or '.join(adapter.sizes)}"
            )
        self._counter = Counter(model) if self._first else None
        self._model = model.to(self._device.torch).eval()

    def runs(self) -> list[RunKey]:
        """Every run of the plan."""
        return self._plan.runs(tuple(self._entries), self._adapter.headline)

    def facts(self) -> ModelFacts:
        """The facts of model and device."""
        import torch

        from npuport.bench.memory import weights  # imports torch
        from npuport.device.runtime import versions  # imports torch

        return {
            "model": self._adapter.name,
            "size": self._size,
            "entries": [entry.name for entry in self._adapter.entry_points],
            "pipelines": [entry.name for entry in self._adapter.pipelines],
            "headline": list(self._adapter.headline),
            "parameters": sum(parameter.numel() for parameter in self._model.parameters()),
            "weights_bytes": weights(self._model),
            "device": self._device.name,
            "flags": self._device.flags(),
            "threads": torch.get_num_threads(),
            "versions": versions(),
        }

    def visit(self, run: RunKey) -> Visit:
        """Measure a run, unless its sweep has ended. A run that fails ends it: a larger batch needs more."""
        sweep = run[:2]
        if sweep in self._over:
            return {"state": "ended", "reason": self._over[sweep]}
        visit = self._measured(run)
        if visit["state"] != "measured":
            self._over[sweep] = f"the sweep ended at batch {run.batch}: {visit['reason']}"
            self._device.empty_cache()
        elif (seconds := median(visit["samples_ms"]) / 1e3) > PATIENCE:
            self._over[sweep] = f"the sweep ended at batch {run.batch}: a call took {seconds:.0f} s"
        return visit

    def _measured(self, run: RunKey) -> Visit:
        from npuport.bench.visit import refusal, visit  # imports torch

        entry, device = self._entries[run.entry], self._device
        try:
            inputs = self._adapter.random_inputs(self._model, self._plan.seed, run.batch)
            inputs = {key: tensor for key, tensor in inputs.items() if key in entry.needs}
            flops = self._counter.count(entry, inputs) if self._counter else None
            moved = {key: tensor.to(device.torch) for key, tensor in inputs.items()}
        except Exception as error:  # inputs that do not fit the device, say
            return refusal(error)
        bounds = self._plan.per_round
        return visit(entry, self._model, moved, run.dtype, device, bounds, flops, first=self._first)


if __name__ == "__main__":
    sys.exit(answering(visit_runs))
