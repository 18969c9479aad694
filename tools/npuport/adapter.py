"""The contract of `adapter.py` in a port's directory: everything about the model that the harness needs.

The harness itself knows no model. It puts a tree (the upstream checkout or the ported tree) on `sys.path`,
loads the port's adapter and calls it for everything that depends on the model.
"""

import importlib.util
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from npuport.base.errors import PortError

if TYPE_CHECKING:
    from torch import Tensor, nn

Inputs = Mapping[str, "Tensor"]


@dataclass(frozen=True)
class EntryPoint:
    """A public function of the model, as its users call it.

    Args:
        name: its name in reports, `get_clip_logits`.
        run: calls it. Takes the model and the inputs, both on one device; returns tensors, which may be
            nested in tuples, lists and dicts.
        needs: the names of the inputs it reads; each has shape (B, ...).
        unit_norm: the model promises that its output vectors have L2 norm 1.
    """

    name: str
    run: Callable[["nn.Module", Inputs], Any]
    needs: tuple[str, ...]
    unit_norm: bool = False


class Adapter(Protocol):
    """What the harness needs to know about a model. No method may depend on the device it runs on."""

    #: The model's name in the reports.
    name: str
    #: Model sizes by name, smallest first.
    sizes: tuple[str, ...]
    #: The sizes that the suite runs by default.
    default_sizes: tuple[str, ...]
    #: The model's public functions.
    entry_points: tuple[EntryPoint, ...]
    #: Chains of entry points, the whole way (picture to reconstruction) first. The benchmark runs them too.
    pipelines: tuple[EntryPoint, ...]
    #: Names of entry points and pipelines that stand first in a published table, in its order.
    headline: tuple[str, ...]

    def stand_in(self) -> None:
        """Provide stand-ins for what the *unpatched* upstream imports and inference never calls.

        Called once in the reference process, before any module of upstream's is imported.
        """

    def build(self, source: str | Path) -> "nn.Module":
        """The model made by its constructor: on the CPU, in float32, in eval mode.

        Args:
            source: a size, whose weights are drawn from torch's seed; or a checkpoint's directory, whose
                weights are set by `load_state_dict`, so that a fault in upstream's loader does not reach the
                reference.
        """

    def load(self, directory: Path) -> "nn.Module":
        """The model from a checkpoint directory, loaded as its users do: on the CPU, in eval mode."""

    def save(self, model: "nn.Module", directory: Path) -> None:
        """Write a checkpoint that `load` reads."""

    def excite(self, model: "nn.Module", seed: int) -> None:
        """Move every parameter off its initial value, in place, so that every fault changes an output.

        `npuport.parity.excite.excite` does it for the usual layers, given the names of the attention's
        weights.
        """

    def random_inputs(self, model: "nn.Module", seed: int, count: int) -> dict[str, "Tensor"]:
        """`count` random inputs for every name that an entry point needs, on the CPU."""

    def real_inputs(self, model: "nn.Module", tree: Path) -> dict[str, "Tensor"]:
        """Real inputs (upstream's own picture and captions), on the CPU; empty where upstream has none."""

    def tighten(self, model: "nn.Module") -> None:
        """Switch off upstream's own low-precision steps, in place, by upstream's own options.

        Parameters and buffers do not change.
        """

    def pure(self, model: "nn.Module") -> Iterable["nn.Module"]:
        """Modules whose output depends only on their tensor inputs, so that the reference may reuse it.

        Return the costly ones that several entry points share, and none that is part of another.
        """

    def seed(self, seed: int) -> None:
        """Call upstream's own seeding helper."""


def load_adapter(path: Path) -> Adapter:
    """Import a port's `adapter.py` and return its `adapter`.

    Raises:
        PortError: the file is missing, does not import, or has no `adapter`.
    """
    if not path.is_file():
        raise PortError(f"{path} is missing", hint="write the port's adapter; examples/ has a small one")
    spec = importlib.util.spec_from_file_location("npuport_port_adapter", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
        adapter: Adapter = module.adapter
    except Exception as error:
        raise PortError(f"{path}: {type(error).__name__}: {error}", hint="fix the port's adapter") from error
    return adapter
