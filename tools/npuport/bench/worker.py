"""One round: a fresh process that builds the model and visits every run. `rounds` starts it.

It answers with `ready` and the facts of model and device, then with `begin` and `end` for each run, then
with `done`.
"""

import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

from npuport.base.errors import PortError
from npuport.base.process import Message, answering
from npuport.bench.plan import PATIENCE, Plan, read_plan

#: The size that stands for a checkpoint.
WEIGHTS = "weights"


class _Round:
    def __init__(self, request: Message, answer: Callable[[Message], None]) -> None:
        self._request = request
        self._answer = answer
        self._plan: Plan = read_plan(request["plan"])
        self._over: dict[tuple[str, str], str] = {}

    def go(self) -> None:
        """Build the model, say what there is, visit."""
        request, plan = self._request, self._plan
        if request["device"] != "npu":
            sys.modules["torch_npu"] = None  # type: ignore[assignment]  # transformers imports what it finds
        sys.dont_write_bytecode = True  # the tree stays as the port made it
        sys.path.insert(0, request["tree"])
        import torch

        from npuport.adapter import load_adapter
        from npuport.bench.flops import Counter
        from npuport.device.accelerator import Accelerator

        started = time.monotonic()
        self._adapter = load_adapter(Path(request["adapter"]))
        self._device = Accelerator(request["device"])
        self._size = plan.size or self._adapter.default_sizes[-1]
        torch.manual_seed(plan.seed)
        model = self._built()
        self._counter = Counter(model) if request["first"] else None
        self._entries = {
            entry.name: entry for entry in (*self._adapter.entry_points, *self._adapter.pipelines)
        }
        runs = request["runs"] or plan.runs(tuple(self._entries), self._adapter.headline)
        self._model = model.to(self._device.torch).eval()
        seconds = time.monotonic() - started
        self._answer({"event": "ready", "facts": self._facts(), "runs": runs, "seconds": seconds})
        for run in runs:
            self._answer({"event": "begin", "run": run})
            self._answer({"event": "end", "run": run, **self._visit(*run)})
        self._answer({"event": "done"})

    def _built(self) -> Any:
        weights, adapter = self._request["weights"], self._adapter
        if weights:
            return adapter.load(Path(weights))
        if self._size not in adapter.sizes:
            raise PortError(
                f"{adapter.name} has no size {self._size}", hint=f"--size {' or '.join(adapter.sizes)}"
            )
        return adapter.build(self._size)

    def _facts(self) -> dict[str, Any]:
        import torch

        from npuport.bench.memory import weights
        from npuport.device.runtime import versions

        adapter, device = self._adapter, self._device
        return {
            "model": adapter.name,
            "size": WEIGHTS if self._request["weights"] else self._size,
            "entries": [entry.name for entry in adapter.entry_points],
            "pipelines": [entry.name for entry in adapter.pipelines],
            "headline": list(adapter.headline),
            "parameters": sum(parameter.numel() for parameter in self._model.parameters()),
            "weights_bytes": weights(self._model),
            "device": device.name,
            "flags": device.flags(),
            "threads": torch.get_num_threads(),
            "versions": versions(),
        }

    def _visit(self, name: str, dtype: str, batch: int) -> dict[str, Any]:
        from npuport.bench.visit import refusal, visit

        over = self._over.get((name, dtype))
        if over:
            return {"state": "ended", "reason": over}
        entry = self._entries[name]
        try:
            inputs = self._adapter.random_inputs(self._model, self._plan.seed, batch)
            inputs = {key: tensor for key, tensor in inputs.items() if key in entry.needs}
            flops = self._counter.count(entry, inputs) if self._counter else None
            there = {key: tensor.to(self._device.torch) for key, tensor in inputs.items()}
            first, bounds = self._request["first"], self._plan.per_round
            found = visit(entry, self._model, there, dtype, self._device, bounds, first=first)
        except Exception as error:  # inputs that do not fit the device, say
            return self._ended(name, dtype, batch, refusal(error))
        return self._ended(name, dtype, batch, {**found, "flops": flops})

    def _ended(self, name: str, dtype: str, batch: int, found: dict[str, Any]) -> dict[str, Any]:
        """A run that could not be measured ends its sweep: a larger batch asks for more."""
        if found["state"] == "measured":
            slow = median(found["samples_ms"]) / 1e3
            if slow > PATIENCE:
                self._over[name, dtype] = f"the sweep ended at batch {batch}: a call took {slow:.0f} s"
        else:
            self._over[name, dtype] = f"the sweep ended at batch {batch}: {found['reason']}"
            self._device.empty_cache()
        return found


if __name__ == "__main__":
    sys.exit(answering(lambda request, answer: _Round(request, answer).go()))
