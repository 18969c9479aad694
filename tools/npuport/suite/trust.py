"""Whether results prove a port as it is now. Results of the benchmark have the same `port` and `device`."""

from collections.abc import Iterator, Sequence

from npuport.device.choose import ASCEND, SIMULATED
from npuport.port.lock import Lock
from npuport.port.provenance import Provenance
from npuport.suite.results import Results, not_passed


def doubts(results: Results, lock: Lock, adapter: str, sizes: Sequence[str]) -> Iterator[str]:
    """Why results of the suite do not prove a port, a line each; nothing where they do.

    Args:
        results: of the suite.
        lock: the port's.
        adapter: the sha256 of the port's adapter.
        sizes: the model sizes that they must have.
    """
    if results["verdict"] != "pass":
        bad = [result["id"] for result in not_passed(results["results"])]
        more = f" and {len(bad) - 1} more" if bad[1:] else ""
        yield f"is {results['verdict']}: {bad[0] if bad else 'nothing ran'}{more}"
    if results["selection"]["deselected"]:
        yield f"was a part only: {results['selection']['deselected']} checks were left out with -k"
    for size in sizes:
        if size not in results["captures"]:
            yield f"ran on size {', '.join(results['captures'])}, not on {size}"
    yield from doubts_on_tree(results["port"], lock, adapter)
    yield from doubts_on_device(**results["device"])


def doubts_on_tree(port: Provenance, lock: Lock, adapter: str) -> Iterator[str]:
    """Why the tree that ran is not the ported tree, or ran with another adapter."""
    if port["pin"] != lock.commit:
        yield f"is of another upstream commit: {port['pin'][:12]}, the pin is {lock.commit[:12]}"
    elif port["edits"]:
        yield f"is of a tree with local edits: {port['edits'][0]}"
    elif (port["commit"], port["tree"]) != (lock.ported_commit, lock.ported_tree):
        yield f"is of another tree: {(port['commit'] or 'none')[:12]}, not {lock.ported_commit[:12]}"
    elif port["adapter"] != adapter:
        yield "was run with another adapter.py"


def doubts_on_device(*, kind: str, name: str, simulated: bool) -> Iterator[str]:
    """Why the device is not an Ascend, or may be a simulator that is reported as a chip."""
    if kind not in ASCEND:
        yield f"ran on {name}, which is no Ascend"
    elif not simulated == (kind == "sim") == (SIMULATED in name):
        yield f"contradicts itself on whether {name} was simulated"
