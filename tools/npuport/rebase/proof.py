"""Parity before and after a rebase: a run of the suite in a process of its own, as `Proof`."""

import json
from collections.abc import Iterator
from pathlib import Path

from npuport.rebase.summary import Proof


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
        state_dict={size: capture["state_dict"] for size, capture in data["captures"].items()},
    )


def state_dict_difference(before: Proof, after: Proof) -> tuple[str, ...]:
    """What of the model's state dict has changed, a line each: a checkpoint of the old one may not load."""
    return tuple(_differences(before, after))


def _differences(before: Proof, after: Proof) -> Iterator[str]:
    told = set()
    for size in before.state_dict.keys() & after.state_dict.keys():
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
