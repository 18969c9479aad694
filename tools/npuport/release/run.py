"""Runs what a release still lacks."""

from collections.abc import Callable, Sequence

from npuport.port.layout import Layout
from npuport.release.evidence import Lack
from npuport.release.model import Model


def run_missing(
    layout: Layout, model: Model, missing: Sequence[Lack], device: str, progress: Callable[[str], None]
) -> None:
    """Run the parity suite, the benchmark, or both, as the lacks ask, on one device.

    Raises:
        PortError: one did not come to its end.
    """
    from npuport.bench import run as bench
    from npuport.suite import run

    wanted = {lack.hint.split()[1] for lack in missing}
    if "parity" in wanted:
        run.run(layout, run.ParityRequest(device=device, sizes=(model.size,)), layout.report, progress)
    if "bench" in wanted:
        bench.run(layout, bench.BenchRequest(device=device, size=model.size), layout.bench, progress)
