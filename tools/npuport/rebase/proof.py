"""Parity before and after a rebase: a run of the suite in a process of its own, as `Proof`."""

import importlib.metadata
import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from npuport import __version__
from npuport.port.layout import Layout
from npuport.port.lock import read_lock
from npuport.rebase.summary import Proof


def prove(layout: Layout, sizes: Sequence[str], report: Path, progress: Callable[[str], None]) -> Proof:
    """Run the parity suite on a port, unless a run of this very port at these sizes has passed already.

    Args:
        layout: the port.
        sizes: model sizes of its adapter's.
        report: the directory of the report; `out/report` of the port serves too, where it is of this run.

    Raises:
        PortError: the suite could not run, or did not come to its end.
    """
    from npuport.suite import run

    for directory in (report, layout.report):
        if passed(directory / "results.json", layout, sizes):
            progress(f"parity of {read_lock(layout.lock).commit[:12]}: passed before, {directory}")
            return read_proof(directory / "results.json")
    run.run(layout, run.Request(sizes=tuple(sizes)), report, progress)
    return read_proof(report / "results.json")


def passed(path: Path, layout: Layout, sizes: Sequence[str]) -> bool:
    """Whether a results.json tells of a whole run that passed, of a port as it is now, at these sizes."""
    try:
        data = json.loads(path.read_bytes())
        if data["verdict"] != "pass" or data["captures"].keys() != set(sizes):
            return False
        lock = read_lock(layout.lock)
        judged = (data["port"]["pin"], data["port"]["commit"], data["port"]["tree"], data["port"]["edits"])
        selected = (data["selection"]["deselected"], data["seed"], data["weights"])
        return (
            judged == (lock.commit, lock.ported_commit, lock.ported_tree, [])
            and selected == (0, 0, None)
            and data["versions"] == data["versions"] | _versions()
            and all(_same_capture(layout, size, lock.commit, data["captures"][size]) for size in sizes)
        )
    except (OSError, ValueError, KeyError, TypeError, ImportError):  # none, or of another npuport
        return False


def _same_capture(layout: Layout, size: str, commit: str, capture: dict[str, Any]) -> bool:
    """Whether the adapter and the suite are still those of a capture."""
    from npuport.parity.recipe import Recipe

    recipe = Recipe(checkout=layout.checkout, commit=commit, adapter=layout.adapter, size=size, seed=0)
    return "state_dict" in capture and bool(capture["key"] == recipe.key())


def _versions() -> dict[str, str]:
    names = ("torch", "torch_npu", "transformers")
    return {"npuport": __version__} | {name: importlib.metadata.version(name) for name in names}


def read_proof(path: Path) -> Proof:
    """A proof out of a results.json."""
    data = json.loads(path.read_bytes())
    ratios = [result["ratio"] for result in data["results"] if result["ratio"] is not None]
    return Proof(
        verdict=data["verdict"],
        device=data["device"]["name"],
        counts=data["counts"],
        worst=max(ratios, default=None),
        red=tuple(result["id"] for result in data["results"] if result["word"] not in ("pass", "skip")),
        state_dict={size: capture.get("state_dict", {}) for size, capture in data["captures"].items()},
    )


def state_dict_difference(before: Proof, after: Proof) -> tuple[str, ...]:
    """What of the model's state dict has changed, a line each: a checkpoint of the old one may not load."""
    return tuple(_differences(before, after))


def _differences(before: Proof, after: Proof) -> Iterator[str]:
    told = set()
    for size in filter(after.state_dict.__contains__, before.state_dict):
        old, new = before.state_dict[size], after.state_dict[size]
        for key in [*old, *(key for key in new if key not in old)]:
            if key not in new:
                line = f"{key} {old[key]} is gone"
            elif key not in old:
                line = f"{key} {new[key]} is new"
            elif old[key] != new[key]:
                line = f"{key} was {old[key]}, is {new[key]}"
            else:
                continue
            if line not in told:
                told.add(line)
                yield line
