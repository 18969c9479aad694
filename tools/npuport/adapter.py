"""What a port tells the harness of its model: `adapter.py` in the port's directory.

The harness knows no model by name. It puts a tree (the upstream checkout or the ported tree) on
`sys.path`, loads the port's adapter and asks it for everything that is the model's own.
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
        name: the name the reports use, `get_clip_logits`.
        run: calls it. Takes the model and the inputs, both on one device; returns tensors, nested in
            tuples, lists and dicts at will.
        needs: the inputs it reads; each of shape (B, ...).
        unit_norm: its output vectors are promised to have L2 norm 1.
    """

    name: str
    run: Callable[["nn.Module", Inputs], Any]
    needs: tuple[str, ...]
    unit_norm: bool = False


class Adapter(Protocol):
    """The model's side of the parity suite. No method may look at the device it runs on."""

    #: The model's name in the reports.
    name: str
    #: Model sizes by name, smallest first.
    sizes: tuple[str, ...]
    #: Those that the suite runs when none is asked for.
    default_sizes: tuple[str, ...]
    #: The model's public functions.
    entry_points: tuple[EntryPoint, ...]
    #: What users chain of them, the full way (picture to reconstruction) first. The benchmark runs them too.
    pipelines: tuple[EntryPoint, ...]
    #: Names among both that lead a published table, in its order.
    headline: tuple[str, ...]

    def stand_in(self) -> None:
        """Provide what the *unpatched* upstream must import and inference never calls.

        Called once, before anything of upstream's is imported, in the process of the reference.
        """

    def build(self, source: str | Path) -> "nn.Module":
        """The model by its constructor: CPU, float32, eval mode.

        Args:
            source: a size, its weights drawn from torch's seed; or a checkpoint's directory, its weights
                set by `load_state_dict`, so that a fault of upstream's loader does not reach the reference.
        """

    def load(self, directory: Path) -> "nn.Module":
        """The model from a checkpoint directory, the way its users load it: CPU, eval mode."""

    def save(self, model: "nn.Module", directory: Path) -> None:
        """Write a checkpoint that `load` reads."""

    def excite(self, model: "nn.Module", seed: int) -> None:
        """Move every parameter off its initial value, in place, so that no fault hides behind it.

        `npuport.parity.excite.excite` does it for the usual layers, given the attention's weights.
        """

    def random_inputs(self, model: "nn.Module", seed: int, count: int) -> dict[str, "Tensor"]:
        """`count` random inputs for every name that an entry point needs, on the CPU."""

    def real_inputs(self, model: "nn.Module", tree: Path) -> dict[str, "Tensor"]:
        """Real inputs (upstream's own picture and captions), on the CPU; empty where there are none."""

    def tighten(self, model: "nn.Module") -> None:
        """Switch off, in place, upstream's own low-precision steps, by upstream's own options.

        Parameters and buffers stay as they are.
        """

    def pure(self, model: "nn.Module") -> Iterable["nn.Module"]:
        """Modules whose output depends on their tensor inputs alone, so that the reference may reuse it.

        Name the costly ones that several entry points share; none inside another.
        """

    def seed(self, seed: int) -> None:
        """Call upstream's own seeding helper."""


def load_adapter(path: Path) -> Adapter:
    """Import a port's `adapter.py` and return its `adapter`.

    Raises:
        PortError: the file is missing, does not import, or has no `adapter`.
    """
    if not path.is_file():
        raise PortError(f"{path} is missing", hint="write the port's adapter; examples/ holds a small one")
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
