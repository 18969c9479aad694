"""Parity before and after a rebase: a run of the suite in a process of its own."""

import importlib.metadata
from collections.abc import Sequence
from pathlib import Path

from npuport import __version__
from npuport.base.text import Progress
from npuport.parity.recipe import Recipe
from npuport.port.layout import Layout
from npuport.port.lock import read_lock
from npuport.port.provenance import adapter_digest
from npuport.rebase.summary import Proof
from npuport.suite import run
from npuport.suite.results import CaptureData, largest_ratio, not_passed, read_results
from npuport.suite.trust import doubts


def prove(layout: Layout, sizes: Sequence[str], report: Path, progress: Progress) -> Proof:
    """Run the parity suite on a port, unless a run of the same port at these sizes has passed already.

    Args:
        layout: the port.
        sizes: model sizes of its adapter's.
        report: the directory of the report; `out/report` of the port is used too, where it is of this port.

    Raises:
        PortError: the suite could not run, or did not finish.
    """
    for directory in (report, layout.report):
        if passed(directory / "results.json", layout, sizes):
            progress(f"parity of {read_lock(layout.lock).commit[:12]}: passed before, {directory}")
            return read_proof(directory / "results.json")
    run.run(layout, run.ParityRequest(sizes=tuple(sizes)), report, progress)
    return read_proof(report / "results.json")


def passed(path: Path, layout: Layout, sizes: Sequence[str]) -> bool:
    """Whether a results.json is of a whole run that passed, of a port as it is now, at just these sizes."""
    try:
        results, lock = read_results(path), read_lock(layout.lock)
        return (
            not any(doubts(results, lock, adapter_digest(layout), sizes))
            and (
                set(results["captures"]) == set(sizes) and results["seed"] == 0 and results["weights"] is None
            )
            and results["versions"] == results["versions"] | _versions()
            and all(_same_capture(layout, size, lock.commit, results["captures"][size]) for size in sizes)
        )
    except (OSError, ValueError, KeyError, TypeError, ImportError):  # missing, or of another npuport
        return False


def _same_capture(layout: Layout, size: str, commit: str, capture: CaptureData) -> bool:
    """Whether the adapter and the suite are still those of a capture."""
    recipe = Recipe(checkout=layout.checkout, commit=commit, adapter=layout.adapter, size=size, seed=0)
    return "state_dict" in capture and capture["key"] == recipe.key()


def _versions() -> dict[str, str]:
    names = ("torch", "torch_npu", "transformers")
    return {"npuport": __version__} | {name: importlib.metadata.version(name) for name in names}


def read_proof(path: Path) -> Proof:
    """The proof that a results.json gives."""
    results = read_results(path)
    return Proof(
        verdict=results["verdict"],
        device=results["device"]["name"],
        counts=results["counts"],
        worst=largest_ratio(results["results"]),
        red=tuple(result["id"] for result in not_passed(results["results"])),
        state_dict={size: capture["state_dict"] for size, capture in results["captures"].items()},
    )
