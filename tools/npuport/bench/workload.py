"""The model on its device, and the visits of its runs. It imports torch: `worker` prepares for that."""

from pathlib import Path
from statistics import median

import torch

from npuport.adapter import EntryPoint, load_adapter
from npuport.base.child import Message
from npuport.base.errors import PortError
from npuport.base.schema import from_json
from npuport.bench.answers import ModelFacts, Visit
from npuport.bench.flops import Counter
from npuport.bench.memory import weights
from npuport.bench.plan import PATIENCE, BenchPlan, RunKey
from npuport.bench.visit import refusal, visit
from npuport.device.accelerator import Accelerator
from npuport.device.runtime import versions

#: The name of the size where a checkpoint is given.
WEIGHTS = "weights"


class Workload:
    """The model on its device, and the runs of one round."""

    def __init__(self, request: Message) -> None:
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
