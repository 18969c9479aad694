"""The reference process: the unpatched upstream on the CPU, without torch_npu.

`python -m npuport.parity.reference` writes a capture: a checkpoint, the identity of every tensor, inputs,
float32 outputs, the float64 golden and the ensemble's errors at every policy.
"""

import argparse
import copy
import importlib.metadata
import json
import sys
import time
from contextlib import ExitStack
from pathlib import Path

import torch
from torch import Tensor, nn

from npuport.adapter import Adapter, load_adapter
from npuport.parity.capture import identity, write_tensors
from npuport.parity.case import COUNT, POLICIES, InputSet, Policy, PolicyName, call
from npuport.parity.compare import error
from npuport.parity.criterion import MEMBERS
from npuport.parity.ensemble import jittered_model
from npuport.parity.golden import float64, golden
from npuport.parity.hf32 import ConvHf32
from npuport.parity.manifest import EntrySpreads, Manifest
from npuport.parity.memo import Memo
from npuport.parity.recipe import Recipe

Outputs = dict[str, Tensor]


def main() -> None:
    """`python -m npuport.parity.reference`: fill the directory `--out`."""
    parser = argparse.ArgumentParser(prog="npuport.parity.reference")
    parser.add_argument("--checkout", type=Path, required=True)
    parser.add_argument("--commit", required=True)
    parser.add_argument("--adapter", type=Path, required=True)
    parser.add_argument("--size", required=True)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--weights", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    arguments = vars(parser.parse_args())
    out = arguments.pop("out")
    sys.modules["torch_npu"] = None  # type: ignore[assignment]  # transformers imports it if it is installed
    fill(Recipe(**arguments), out)


def fill(recipe: Recipe, out: Path) -> None:
    """Make the capture of a recipe in a directory."""
    started = time.monotonic()
    sys.path.insert(0, str(recipe.checkout))
    adapter = load_adapter(recipe.adapter)
    adapter.stand_in()
    torch.manual_seed(recipe.seed)
    model = adapter.build(recipe.weights or recipe.size)
    if recipe.weights is None:
        adapter.excite(model, recipe.seed)
    adapter.save(model, out / "checkpoint")
    tensors = identity(model)
    sets: dict[InputSet, Outputs] = {
        "random": adapter.random_inputs(model, recipe.seed, COUNT),
        "real": adapter.real_inputs(model, recipe.checkout),
    }
    ensemble: dict[InputSet, dict[PolicyName, EntrySpreads]] = {}
    for name, inputs in sets.items():
        if inputs:
            write_tensors(out / f"inputs.{name}.safetensors", inputs)
            runner = _Runner(adapter, model, inputs, f"{recipe.size}, {name} inputs")
            ensemble[name] = runner.measure(out, name)
    manifest: Manifest = {
        "size": recipe.size,
        "seed": recipe.seed,
        "commit": recipe.commit,
        "versions": {name: importlib.metadata.version(name) for name in ("torch", "transformers")},
        "threads": torch.get_num_threads(),
        "seconds": round(time.monotonic() - started, 1),
        "parameters": sum(parameter.numel() for parameter in model.parameters()),
        "tensors": tensors,
        "state_dict": {
            name: list(entry.shape) for name, entry in model.state_dict().items() if isinstance(entry, Tensor)
        },
        "ensemble": ensemble,
    }
    (out / "manifest.json").write_text(json.dumps(manifest, indent=1))


class _Runner:
    """All runs of one model on one set of inputs."""

    def __init__(self, adapter: Adapter, model: nn.Module, inputs: Outputs, label: str) -> None:
        self.inputs = inputs
        self.label = label
        self.models = {"shipped": model, "tight": copy.deepcopy(model)}
        adapter.tighten(self.models["tight"])
        self.entries = [entry for entry in adapter.entry_points if set(entry.needs) <= set(inputs)]
        self.memo = Memo(self.models["shipped"], self.models["tight"], adapter.pure)

    def measure(self, out: Path, name: InputSet) -> dict[PolicyName, EntrySpreads]:
        """Write the golden and the reference of each mode; return the ensemble's errors of each policy."""
        self.report("float64 golden")
        plain = {policy.mode: policy for policy in POLICIES if not policy.conv_hf32}
        goldens = {mode: self.golden(policy) for mode, policy in plain.items()}
        self.report(f"float32, {MEMBERS} runs at {len(POLICIES)} policies")
        spreads: dict[PolicyName, EntrySpreads] = {policy.name: {} for policy in POLICIES}
        for member in range(MEMBERS):
            self.memo.clear()
            for policy in POLICIES:
                outputs = self.member(member, policy)
                _append_errors(spreads[policy.name], outputs, goldens[policy.mode])
                if member == 0 and policy in plain.values():
                    write_tensors(out / f"reference.{policy.mode}.{name}.safetensors", outputs)
        for mode, outputs in goldens.items():
            write_tensors(out / f"golden.{mode}.{name}.safetensors", outputs)
        return spreads

    def golden(self, policy: Policy) -> Outputs:
        """Every output in float64."""
        inputs = {name: t.double() if t.is_floating_point() else t for name, t in self.inputs.items()}
        model = golden(self.models[policy.mode])
        with float64():
            return self.outputs(model, inputs, policy)

    def member(self, member: int, policy: Policy) -> Outputs:
        """Every output of one of the ensemble's runs; member 0 without HF32 is the reference."""
        model = self.models[policy.mode]
        with ExitStack() as stack:
            inputs = stack.enter_context(jittered_model(model, self.inputs, member))
            if policy.conv_hf32:
                stack.enter_context(ConvHf32())
            return self.outputs(model, inputs, policy)

    def outputs(self, model: nn.Module, inputs: Outputs, policy: Policy) -> Outputs:
        """Every output of every entry point, `<entry>/<output>`."""
        with self.memo.over(model, policy):
            return {
                f"{entry.name}/{output}": tensor
                for entry in self.entries
                for output, tensor in call(entry, model, inputs).items()
            }

    def report(self, line: str) -> None:
        """Print a line of progress."""
        print(f"  {self.label}: {line}", file=sys.stderr, flush=True)


def _append_errors(spreads: EntrySpreads, outputs: Outputs, goldens: Outputs) -> None:
    """Append the errors of one member of the ensemble."""
    for place, tensor in outputs.items():
        entry, output = place.rsplit("/", 1)
        spread = spreads.setdefault(entry, {}).setdefault(output, {"rms": [], "max_abs": []})
        distance = error(tensor, goldens[place])
        spread["rms"].append(distance.rms)
        spread["max_abs"].append(distance.max_abs)


if __name__ == "__main__":
    main()
