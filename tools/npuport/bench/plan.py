"""What a benchmark measures, and for how long."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple, get_args

from npuport.base.errors import PortError
from npuport.bench.format import Dtype

#: The dtypes by torch's names. All but float32 run under autocast, as upstream's users run them.
DTYPES: tuple[Dtype, ...] = get_args(Dtype)
#: The default batch sizes: those of the published tables.
BATCHES = (1, 2, 4, 8)
#: The largest batch size of a sweep to the limit of the memory.
LARGEST = 4096
#: A call that takes more seconds than this ends its sweep: a larger batch would take longer still.
PATIENCE = 20.0


class RunKey(NamedTuple):
    """One run: an entry point in a dtype at a batch size."""

    entry: str
    dtype: Dtype
    batch: int

    def __str__(self) -> str:
        return f"{self.entry}, {self.dtype}, batch {self.batch}"


@dataclass(frozen=True)
class BenchPlan:
    """What is measured, and for how long.

    Args:
        size: the model's size, by the adapter's name; None for the adapter's last default size.
        dtypes: of `DTYPES`, in this order.
        batches: batch sizes, rising.
        entries: names of entry points and pipelines; empty for all.
        iterations: a run ends after so many timed iterations, in all rounds together ...
        seconds: ... or after so many seconds of timed iterations, whichever comes first.
        rounds: processes to measure in; see `rounds`.
        budget: seconds; after the third round no round begins that would end later.
        narrow: only the headline in the first dtype runs at every batch; other entries run at the first two,
            and the headline in other dtypes at the first.
        headline: only the headline's entries run.
        seed: of weights and inputs.
    """

    size: str | None = None
    dtypes: tuple[Dtype, ...] = DTYPES
    batches: tuple[int, ...] = BATCHES
    entries: tuple[str, ...] = ()
    iterations: int = 50
    seconds: float = 5.0
    rounds: int = 5
    budget: float = 1800.0
    narrow: bool = False
    headline: bool = False
    seed: int = 0

    def runs(self, names: Sequence[str], headline: Sequence[str]) -> list[RunKey]:
        """Every run, in order.

        Args:
            names: the adapter's entry points and pipelines.
            headline: those that lead the published tables.

        Raises:
            PortError: the plan names an entry that the adapter has not.
        """
        unknown = set(self.entries) - set(names)
        if unknown:
            raise PortError(
                f"no entry point {', '.join(sorted(unknown))}", hint=f"--entry, one of: {', '.join(names)}"
            )
        wanted = self.entries or (headline if self.headline else names)
        runs: list[RunKey] = []
        for dtype in self.dtypes:
            for name in [name for name in names if name in wanted]:
                count = self._batch_count(name in headline, dtype) if self.narrow else len(self.batches)
                runs += [RunKey(name, dtype, batch) for batch in self.batches[:count]]
        return runs

    def _batch_count(self, in_headline: bool, dtype: Dtype) -> int:
        """How many batch sizes of an entry a narrow plan has."""
        first = dtype == self.dtypes[0]
        return (len(self.batches) if first else 1) if in_headline else (2 if first else 0)

    @property
    def per_round(self) -> tuple[int, float]:
        """Iterations and seconds after which a run ends within one round."""
        return -(-self.iterations // self.rounds), self.seconds / self.rounds


def default_plan(size: str | None, kind: str) -> BenchPlan:
    """The default plan for a device.

    Args:
        size: the model's.
        kind: the device's: a CPU, and the simulator on it, get a shorter plan that ends within minutes.
    """
    plan = BenchPlan(size)
    return plan if kind in ("npu", "cuda") else replace(plan, budget=240.0, seconds=2.5, narrow=True)


def quick(plan: BenchPlan) -> BenchPlan:
    """The plan of `--quick`: the headline in the first dtype, two batches, three rounds."""
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
    return tuple(2**power for power in range(limit.bit_length()) if 2**power <= limit)
