"""What a benchmark measures, and for how long."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from npuport.base.errors import PortError

#: The dtypes by torch's names. All but float32 run under autocast, as upstream's users do.
DTYPES = ("float32", "bfloat16", "float16")
#: Batch sizes where none are named: those of the published tables.
BATCHES = (1, 2, 4, 8)
#: The largest batch that a sweep "to the limit of the memory" tries.
LARGEST = 4096

#: Seconds of a call beyond which its sweep ends: a larger batch would take longer still.
PATIENCE = 20.0

#: An entry point, a dtype, a batch size.
Run = tuple[str, str, int]


@dataclass(frozen=True)
class Plan:
    """What is measured, and for how long.

    Args:
        size: the model's size, by the adapter's name; None for its last default one.
        dtypes: of `DTYPES`, in this order.
        batches: batch sizes, rising.
        entries: names of entry points and pipelines; all of them where none is named.
        iterations: a run ends after so many timed iterations, in all rounds together ...
        seconds: ... or after so many seconds of timed iterations, whichever comes first.
        rounds: processes to measure in; see `rounds`.
        budget: no further round, beyond the third, is begun that would take the whole beyond so many seconds.
        narrow: only the headline in the first dtype runs at every batch; other entries run at the first two,
            and the headline in other dtypes at the first.
        headline: only the headline's entries run.
        seed: of weights and inputs.
    """

    size: str | None = None
    dtypes: tuple[str, ...] = DTYPES
    batches: tuple[int, ...] = BATCHES
    entries: tuple[str, ...] = ()
    iterations: int = 50
    seconds: float = 5.0
    rounds: int = 5
    budget: float = 1800.0
    narrow: bool = False
    headline: bool = False
    seed: int = 0

    def runs(self, names: Sequence[str], headline: Sequence[str]) -> list[Run]:
        """Every run, in order.

        Args:
            names: of the adapter's entry points and pipelines.
            headline: of those that lead the published tables.

        Raises:
            PortError: an entry is named that there is not.
        """
        unknown = set(self.entries) - set(names)
        if unknown:
            raise PortError(
                f"no entry point {', '.join(sorted(unknown))}", hint=f"--entry, one of: {', '.join(names)}"
            )
        wanted = self.entries or (headline if self.headline else names)
        runs: list[Run] = []
        for dtype in self.dtypes:
            for name in [name for name in names if name in wanted]:
                most = self._most(name in headline, dtype) if self.narrow else len(self.batches)
                runs += [(name, dtype, batch) for batch in self.batches[:most]]
        return runs

    def _most(self, leads: bool, dtype: str) -> int:
        """How many batch sizes of an entry a narrow plan has."""
        first = dtype == self.dtypes[0]
        return (len(self.batches) if first else 1) if leads else (2 if first else 0)

    @property
    def per_round(self) -> tuple[int, float]:
        """Iterations and seconds after which a run ends within one round."""
        return -(-self.iterations // self.rounds), self.seconds / self.rounds

    def json(self) -> dict[str, Any]:
        """As plain data."""
        return {
            key: list(value) if isinstance(value, tuple) else value for key, value in asdict(self).items()
        }


def read_plan(data: Mapping[str, Any]) -> Plan:
    """The plan that `Plan.json` wrote."""
    given: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value for key, value in data.items()
    }
    return Plan(**given)


def default_plan(size: str | None, kind: str) -> Plan:
    """What is measured where nothing is asked for.

    Args:
        size: the model's.
        kind: the device's: a CPU, and the simulator on it, get a shorter plan that ends within minutes.
    """
    plan = Plan(size)
    return plan if kind in ("npu", "cuda") else replace(plan, budget=240.0, seconds=2.5, narrow=True)


def quick(plan: Plan) -> Plan:
    """A look: the headline in the first dtype, two batches, three rounds."""
    return replace(
        plan,
        dtypes=plan.dtypes[:1],
        batches=plan.batches[:2],
        iterations=min(plan.iterations, 15),
        seconds=min(plan.seconds, 1.0),
        rounds=3,
        headline=True,
    )


def doubling(limit: int) -> tuple[int, ...]:
    """1, 2, 4, ... up to a limit."""
    return tuple(2**power for power in range(limit.bit_length()) if 2**power <= limit)
