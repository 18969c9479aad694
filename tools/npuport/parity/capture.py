"""Captures: what the reference process writes for the candidate to be compared with.

manifest.json                         what the capture holds; see `manifest`
checkpoint/                           the model, as upstream saves it
inputs.<inputs>.safetensors
reference.<mode>.<inputs>.safetensors float32 on the CPU, `<entry point>/<output>`
golden.<mode>.<inputs>.safetensors    float64 on the CPU
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from npuport.base.errors import PortError
from npuport.parity.case import InputSet, Policy
from npuport.parity.manifest import Manifest, Spread, TensorIdentity


@dataclass(frozen=True)
class Capture:
    """A finished capture on disk."""

    path: Path

    @cached_property
    def manifest(self) -> Manifest:
        """The manifest, as the reference process wrote it."""
        manifest: Manifest = json.loads((self.path / "manifest.json").read_text())
        return manifest

    @property
    def checkpoint(self) -> Path:
        """The directory that the candidate loads."""
        return self.path / "checkpoint"

    def inputs(self, name: str) -> dict[str, Tensor]:
        """A set of inputs, on the CPU."""
        tensors: dict[str, Tensor] = load_file(self.path / f"inputs.{name}.safetensors")
        return tensors

    def outputs(self, kind: str, policy: Policy, inputs: str, entry: str) -> dict[str, Tensor]:
        """The outputs of an entry point: `kind` is `reference` or `golden`."""
        with safe_open(self.path / f"{kind}.{policy.mode}.{inputs}.safetensors", framework="pt") as file:
            names = [name for name in file.keys() if name.startswith(f"{entry}/")]  # noqa: SIM118 - not a dict
            return {name.removeprefix(f"{entry}/"): file.get_tensor(name) for name in names}

    def spread(self, policy: Policy, inputs: InputSet, entry: str) -> dict[str, Spread]:
        """The ensemble's errors for each output of an entry point."""
        return self.manifest["ensemble"][inputs][policy.name][entry]


def write_tensors(path: Path, tensors: Mapping[str, Tensor]) -> None:
    """Write a safetensors file."""
    save_file({name: tensor.detach().contiguous().clone() for name, tensor in tensors.items()}, path)


def identity(model: nn.Module) -> dict[str, TensorIdentity]:
    """The identity of every parameter and buffer by name, the non-persistent ones too."""
    identities: dict[str, TensorIdentity] = {}
    for kind, tensors in (("parameter", model.named_parameters()), ("buffer", model.named_buffers())):
        for name, tensor in tensors:
            data = tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8)
            identities[name] = {
                "kind": kind,
                "dtype": str(tensor.dtype).removeprefix("torch."),
                "shape": list(tensor.shape),
                "sha256": hashlib.sha256(data.numpy().data).hexdigest(),
            }
    return identities


def read_weights(directory: Path) -> dict[str, Tensor]:
    """The state dict of a checkpoint directory in safetensors, one file or several.

    Raises:
        PortError: the directory holds no .safetensors file.
    """
    files = sorted(directory.glob("*.safetensors"))
    if not files:
        raise PortError(f"{directory} holds no .safetensors file", hint="name a checkpoint's directory")
    return {name: tensor for file in files for name, tensor in load_file(file).items()}
