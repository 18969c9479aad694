"""Run what a release still lacks."""

from collections.abc import Callable, Sequence

from npuport.bench.run import BenchRequest
from npuport.bench.run import run as run_bench
from npuport.port.layout import Layout
from npuport.release.evidence import Lack
from npuport.release.model import ReleaseModel
from npuport.suite.run import ParityRequest, run


def run_missing(
    layout: Layout, model: ReleaseModel, missing: Sequence[Lack], device: str, progress: Callable[[str], None]
) -> None:
    """Run the parity suite, the benchmark, or both, as the lacks ask, on one device.

    Raises:
        PortError: one of them failed.
    """
    commands = {lack.hint.split()[1] for lack in missing}
    if "parity" in commands:
        run(layout, ParityRequest(device=device, sizes=(model.size,)), layout.report, progress)
    if "bench" in commands:
        run_bench(layout, BenchRequest(device=device, size=model.size), layout.bench, progress)
