"""One run of the suite: a port's tree on a device, compared with its captures."""

import sys
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from npuport.adapter import Adapter, load_adapter
from npuport.base.errors import PortError
from npuport.base.text import Progress
from npuport.device.choose import SIMULATED, Device, resolve
from npuport.parity.recipe import Recipe
from npuport.port.build import port
from npuport.port.checkout import checkout
from npuport.port.layout import Layout
from npuport.port.lock import read_lock
from npuport.suite.captures import ensure
from npuport.weights import Checkpoint

if TYPE_CHECKING:
    from torch import nn

    from npuport.parity.capture import Capture

#: The size that stands for a checkpoint given with `--weights`.
WEIGHTS = "weights"


@dataclass(frozen=True)
class Settings:
    """What the user asked for.

    Args:
        port: the port's directory.
        device: auto, npu or sim.
        sizes: model sizes to run; none means the adapter's default ones.
        weights: a checkpoint, run instead of the sizes.
        seed: of weights and inputs.
        tree: a tree to judge instead of the ported one.
        report: the report's directory.
    """

    port: Path
    device: str
    sizes: tuple[str, ...]
    weights: Checkpoint | None
    seed: int
    tree: Path | None
    report: Path


class SuiteSession:
    """What the checks share: made before torch is imported; models and captures on first use."""

    def __init__(self, settings: Settings, progress: Progress) -> None:
        self.settings = settings
        self.progress = progress
        self.layout = Layout(settings.port)
        self.device: Device = resolve(settings.device, progress)
        self.tree = (settings.tree or port(self.layout).path).resolve()
        if not self.tree.is_dir():
            raise PortError(f"{self.tree} is not a directory", hint="name a tree with --tree DIR")
        self.device.activate()
        sys.dont_write_bytecode = True  # the tree stays as `npuport port` made it
        sys.path.insert(0, str(self.tree))
        self._captures: dict[str, Capture] = {}
        self._candidate: tuple[tuple[str, bool], nn.Module] | None = None

    @cached_property
    def adapter(self) -> Adapter:
        """The port's adapter."""
        return load_adapter(self.layout.adapter)

    @cached_property
    def sizes(self) -> tuple[str, ...]:
        if self.settings.weights is not None:
            return (WEIGHTS,)
        unknown = set(self.settings.sizes) - set(self.adapter.sizes)
        if unknown:
            raise PortError(
                f"{self.adapter.name} has no size {', '.join(sorted(unknown))}",
                hint=f"--size {' or '.join(self.adapter.sizes)}",
            )
        return self.settings.sizes or self.adapter.default_sizes

    @cached_property
    def device_name(self) -> str:
        """The device's name as torch_npu gives it; that of a simulated device contains "simulated"."""
        import torch

        name: str = torch.npu.get_device_name(0)  # type: ignore[attr-defined]
        return name if self.device.kind == "npu" or SIMULATED in name else f"{name} ({SIMULATED})"

    def capture(self, size: str) -> "Capture":
        """The capture of a size; made now where it is missing."""
        from npuport.parity.capture import Capture  # it imports torch, which needs the device activated

        if size not in self._captures:
            recipe = Recipe(
                checkout=checkout(self.layout).resolve(),
                commit=read_lock(self.layout.lock).commit,
                adapter=self.layout.adapter,
                size=size,
                seed=self.settings.seed,
                weights=self.settings.weights.path if self.settings.weights else None,
            )
            self._captures[size] = Capture(ensure(recipe, self.progress))
        return self._captures[size]

    def load(self, directory: Path) -> "nn.Module":
        """The candidate's model from a checkpoint, by the tree's own loader, on the CPU.

        Raises:
            PortError: the model's class was imported from outside the tree.
        """
        model = self.adapter.load(directory)
        source = sys.modules[type(model).__module__].__file__ or ""
        if not Path(source).resolve().is_relative_to(self.tree):
            raise PortError(
                f"{type(model).__name__} was imported from {source}, not from {self.tree}",
                hint="uninstall the package of that name, or let the adapter import it from the tree",
            )
        return model

    def candidate(self, size: str, *, tight: bool) -> "nn.Module":
        """The ported model on the device; only the last one is kept."""
        key = (size, tight)
        if self._candidate is None or self._candidate[0] != key:
            self._candidate = None  # frees its memory for the next one
            model = self.load(self.capture(size).checkpoint)
            if tight:
                self.adapter.tighten(model)
            self._candidate = (key, model.to("npu:0").eval())
        return self._candidate[1]
