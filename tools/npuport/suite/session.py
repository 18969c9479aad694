"""One run of the suite: a port's tree on a device, against its captures."""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from npuport.adapter import Adapter, load_adapter
from npuport.base.errors import PortError
from npuport.device.choose import SIMULATED, Device, resolve
from npuport.port.layout import Layout
from npuport.port.provenance import provenance

if TYPE_CHECKING:
    from torch import nn

    from npuport.parity.capture import Capture
    from npuport.weights import Checkpoint


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
        report: the directory to publish the report as.
    """

    port: Path
    device: str
    sizes: tuple[str, ...]
    weights: "Checkpoint | None"
    seed: int
    tree: Path | None
    report: Path


#: The size that stands for a checkpoint given with `--weights`.
WEIGHTS = "weights"


class Session:
    """What the tests share: made before torch is imported, models and captures on first use."""

    def __init__(self, settings: Settings, progress: Callable[[str], None]) -> None:
        self.settings = settings
        self.progress = progress
        self.layout = Layout(settings.port)
        self.device: Device = resolve(settings.device, progress)
        self.tree = (settings.tree or self._ported()).resolve()
        if not self.tree.is_dir():
            raise PortError(f"{self.tree} is no directory", hint="name a tree with --tree DIR")
        self.device.activate()
        sys.dont_write_bytecode = True  # the tree stays as the port made it
        sys.path.insert(0, str(self.tree))
        self._captures: dict[str, Capture] = {}
        self._candidate: tuple[tuple[str, bool], nn.Module] | None = None

    def _ported(self) -> Path:
        from npuport.port.build import port

        return port(self.layout).path

    @cached_property
    def adapter(self) -> Adapter:
        """The port's adapter."""
        return load_adapter(self.layout.adapter)

    @cached_property
    def sizes(self) -> tuple[str, ...]:
        """The sizes to run."""
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
    def pin(self) -> str:
        """The commit of the clean upstream that the reference runs."""
        from npuport.port.lock import read_lock

        return read_lock(self.layout.lock).commit

    @cached_property
    def device_name(self) -> str:
        """The device's name as torch_npu gives it; a simulated one says so."""
        import torch

        name: str = torch.npu.get_device_name(0)  # type: ignore[attr-defined]
        return name if self.device.kind == "npu" or SIMULATED in name else f"{name} ({SIMULATED})"

    def capture(self, size: str) -> "Capture":
        """What the reference process left for a size; made now where it is missing."""
        from npuport.parity.capture import Capture
        from npuport.parity.recipe import Recipe
        from npuport.port.checkout import checkout
        from npuport.suite.captures import ensure

        if size not in self._captures:
            recipe = Recipe(
                checkout=checkout(self.layout).resolve(),
                commit=self.pin,
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
            PortError: it comes from somewhere else than the tree.
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
        """The ported model on the device; the one asked for last is kept."""
        key = (size, tight)
        if self._candidate is None or self._candidate[0] != key:
            self._candidate = None  # room for the next one
            model = self.load(self.capture(size).checkpoint)
            if tight:
                self.adapter.tighten(model)
            self._candidate = (key, model.to("npu:0").eval())
        return self._candidate[1]

    @staticmethod
    def dtypes(model: "nn.Module") -> dict[str, str]:
        """The dtype of every parameter and buffer: `model.float()` and its like change buffers silently."""
        tensors = [*model.named_parameters(), *model.named_buffers()]
        return {name: str(tensor.dtype).removeprefix("torch.") for name, tensor in tensors}

    def provenance(self) -> dict[str, Any]:
        """What is judged; see `npuport.port.provenance`."""
        return provenance(self.layout, self.tree)
