"""The reference process: the unpatched upstream on the CPU, in a process that knows no torch_npu.

It leaves a capture: a checkpoint, the identity of every tensor, inputs, float32 outputs, the float64 golden and
the ensemble's errors, for every policy. `ensure` starts it where no capture of the same key exists.
"""

import argparse
import hashlib
import importlib.metadata
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from npuport.errors import PortError
from npuport.fsio import exclusive, staged_directory
from npuport.layout import cache_dir

#: Captures kept of one port; the oldest go first.
KEPT = 12

#: Modules here that decide what a capture holds.
_SOURCES = ("case", "capture", "compare", "ensemble", "excite", "golden", "hf32", "memo", "reference", "run")


@dataclass(frozen=True)
class Recipe:
    """All that decides what a capture holds.

    Args:
        checkout: upstream's clean tree.
        commit: its commit.
        adapter: the port's adapter.
        size: a model size of the adapter's, or `weights`.
        seed: of weights and inputs.
        weights: a checkpoint's directory instead of excited weights.
    """

    checkout: Path
    commit: str
    adapter: Path
    size: str
    seed: int
    weights: Path | None = None

    def key(self) -> str:
        """The capture's name in the cache."""
        from npuport.parity.capture import digest_files

        here = Path(__file__).parent
        parts = {
            "commit": self.commit,
            "adapter": digest_files([self.adapter]),
            "harness": digest_files([here / f"{name}.py" for name in _SOURCES]),
            "versions": {name: importlib.metadata.version(name) for name in ("torch", "transformers")},
            "size": self.size,
            "seed": self.seed,
            "weights": digest_files(sorted(self.weights.iterdir())) if self.weights else None,
        }
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:24]


def ensure(recipe: Recipe, progress: Callable[[str], None]) -> Path:
    """The capture of a recipe, from the cache or made now in a child process.

    Raises:
        PortError: the reference process failed.
    """
    captures = cache_dir() / "captures"
    captures.mkdir(parents=True, exist_ok=True)
    finished = captures / recipe.key()
    if not finished.is_dir():
        with exclusive(captures / f"{finished.name}.lock"):
            if not finished.is_dir():
                progress(f"reference {recipe.size}: upstream on the CPU, float32 and float64 (once; then cached)")
                with staged_directory(captures) as staging:
                    _run_child(recipe, staging)
                    os.replace(staging, finished)
    os.utime(finished)
    _prune(captures)
    return finished


def _run_child(recipe: Recipe, out: Path) -> None:
    arguments = {name: value for name, value in asdict(recipe).items() if value is not None}
    words = [word for name, value in arguments.items() for word in (f"--{name}", str(value))]
    environment = os.environ | {"TORCH_DEVICE_BACKEND_AUTOLOAD": "0", "PYTHONDONTWRITEBYTECODE": "1"}
    environment["PYTHONPATH"] = os.pathsep.join(
        [str(Path(__file__).resolve().parents[2]), *filter(None, [os.environ.get("PYTHONPATH")])]
    )
    command = [sys.executable, "-m", "npuport.parity.reference", *words, "--out", str(out)]
    done = subprocess.run(command, env=environment, stdout=sys.__stderr__, check=False)
    if done.returncode:
        raise PortError(
            f"the reference process for {recipe.size} failed with code {done.returncode}; its own lines are above",
            mend="check the adapter and the checkout; `npuport doctor` knows what this machine lacks",
        )


def _prune(captures: Path) -> None:
    """Delete the captures that were used longest ago: each may hold a whole checkpoint."""
    import shutil

    finished = [path for path in captures.iterdir() if path.is_dir() and not path.name.startswith(".")]
    for path in sorted(finished, key=lambda path: path.stat().st_mtime, reverse=True)[KEPT:]:
        shutil.rmtree(path, ignore_errors=True)


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
    _fill(Recipe(**arguments), out)


def _fill(recipe: Recipe, out: Path) -> None:
    sys.modules["torch_npu"] = None  # type: ignore[assignment]  # transformers would import it where it is installed
    import torch

    from npuport.adapter import load_adapter
    from npuport.parity.capture import identity, write_tensors
    from npuport.parity.case import COUNT

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
    sets = {
        "random": adapter.random_inputs(model, recipe.seed, COUNT),
        "real": adapter.real_inputs(model, recipe.checkout),
    }
    sets = {name: inputs for name, inputs in sets.items() if inputs}
    ensemble = {}
    for name, inputs in sets.items():
        write_tensors(out / f"inputs.{name}.safetensors", inputs)
        runner = _Runner(adapter, model, inputs, f"{recipe.size}, {name} inputs")
        ensemble[name] = runner.measure(out, name)
    manifest = {
        "recipe": {name: str(value) if isinstance(value, Path) else value for name, value in asdict(recipe).items()},
        "versions": {name: importlib.metadata.version(name) for name in ("torch", "transformers")},
        "threads": torch.get_num_threads(),
        "seconds": round(time.monotonic() - started, 1),
        "parameters": sum(parameter.numel() for parameter in model.parameters()),
        "tensors": tensors,
        "ensemble": ensemble,
    }
    (out / "manifest.json").write_text(json.dumps(manifest, indent=1))


class _Runner:
    """All runs of one model on one set of inputs."""

    def __init__(self, adapter: Any, model: Any, inputs: dict[str, Any], label: str) -> None:
        from npuport.parity.memo import Memo

        self.inputs = inputs
        self.label = label
        self.models = {"shipped": model, "tight": _tightened(adapter, model)}
        self.entries = [entry for entry in adapter.entry_points if set(entry.needs) <= set(inputs)]
        self.memo = Memo(self.models["shipped"], self.models["tight"], adapter.pure)

    def measure(self, out: Path, name: str) -> dict[str, Any]:
        """Write the golden and the reference of each mode; return the ensemble's errors of each policy."""
        from npuport.parity.capture import write_tensors
        from npuport.parity.case import POLICIES
        from npuport.parity.ensemble import MEMBERS

        self.say("float64 golden")
        plain = {policy.mode: policy for policy in POLICIES if not policy.conv_hf32}
        goldens = {mode: self.golden(policy) for mode, policy in plain.items()}
        self.say(f"float32, {MEMBERS} runs at {len(POLICIES)} policies")
        found: dict[str, Any] = {policy.name: {} for policy in POLICIES}
        for member in range(MEMBERS):
            self.memo.clear()
            for policy in POLICIES:
                outputs = self.member(member, policy)
                _note_errors(found[policy.name], outputs, goldens[policy.mode])
                if member == 0 and policy in plain.values():
                    write_tensors(out / f"reference.{policy.mode}.{name}.safetensors", outputs)
        for mode, outputs in goldens.items():
            write_tensors(out / f"golden.{mode}.{name}.safetensors", outputs)
        return found

    def golden(self, policy: Any) -> dict[str, Any]:
        """Every output in float64."""
        from npuport.parity.golden import float64, golden

        inputs = {name: t.double() if t.is_floating_point() else t for name, t in self.inputs.items()}
        model = golden(self.models[policy.mode])
        with float64():
            return self.outputs(model, inputs, policy)

    def member(self, member: int, policy: Any) -> dict[str, Any]:
        """Every output of one of the ensemble's runs; member 0 without HF32 is the reference."""
        from npuport.parity.ensemble import jittered_model
        from npuport.parity.hf32 import ConvHf32

        model = self.models[policy.mode]
        with ExitStack() as stack:
            inputs = stack.enter_context(jittered_model(model, self.inputs, member))
            if policy.conv_hf32:
                stack.enter_context(ConvHf32())
            return self.outputs(model, inputs, policy)

    def outputs(self, model: Any, inputs: dict[str, Any], policy: Any) -> dict[str, Any]:
        """Every output of every entry point, `<entry>/<output>`."""
        from npuport.parity.run import call

        with self.memo.over(model, policy):
            return {
                f"{entry.name}/{output}": tensor
                for entry in self.entries
                for output, tensor in call(entry, model, inputs).items()
            }

    def say(self, line: str) -> None:
        """Progress, for a person who waits."""
        print(f"  {self.label}: {line}", file=sys.stderr, flush=True)


def _note_errors(found: dict[str, Any], outputs: dict[str, Any], golden: dict[str, Any]) -> None:
    """Append one member's errors: `found[entry][output]` holds a list of each figure."""
    from npuport.parity.compare import error

    for place, tensor in outputs.items():
        entry, output = place.rsplit("/", 1)
        figures = found.setdefault(entry, {}).setdefault(output, {"rms": [], "max_abs": []})
        rms, max_abs = error(tensor, golden[place])
        figures["rms"].append(rms)
        figures["max_abs"].append(max_abs)


def _tightened(adapter: Any, model: Any) -> Any:
    import copy

    tight = copy.deepcopy(model)
    adapter.tighten(tight)
    return tight


if __name__ == "__main__":
    main()
