"""A trial: the port's own showcase on the best device, in a child process."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NotRequired, TypedDict

from npuport import weights
from npuport.base import process
from npuport.base.errors import PortError
from npuport.base.files import publish, staged_directory, write_atomically
from npuport.device.choose import ALL, Device, resolve
from npuport.port.build import port
from npuport.port.layout import Layout
from npuport.release.model import ReleaseModel, read_release

#: The files that the port's showcase writes.
PICTURE, RESULTS = "showcase.png", "results.json"


@dataclass(frozen=True)
class TrialRequest:
    """What to show, and where.

    Args:
        device: one of `device.choose.ALL`, or `auto`.
        model: one of release.toml's; its first for None.
        picture: instead of release.toml's.
        captions: instead of release.toml's.
        weights: a checkpoint, as `weights.resolve` takes it; random weights for None.
        seed: of random weights.
    """

    device: str = "auto"
    model: str | None = None
    picture: Path | None = None
    captions: tuple[str, ...] = ()
    weights: str | None = None
    seed: int = 0


class Caption(TypedDict):
    caption: str
    probability: float


class TrialResults(TypedDict):
    """The results.json of a showcase.

    Args:
        device: `name` and `simulated`.
        weights: at least `name` and `random`; then what `npuport try` adds.
        psnr_db: None where the reconstruction is bitwise equal to the picture.
        milliseconds: by the name of the step.
        meaningless: on the simulator: that times say nothing about the chip.
        warning: with random weights: that the outputs mean nothing.
        port: `commit` and `tree` of the ported tree.
    """

    schema: int
    model: str
    picture: str
    side: int
    device: dict[str, object]
    weights: dict[str, object]
    psnr_db: float | None
    captions: list[Caption]
    milliseconds: dict[str, float]
    versions: dict[str, str]
    meaningless: NotRequired[str]
    warning: NotRequired[str]
    port: NotRequired[dict[str, str]]


def run(layout: Layout, request: TrialRequest, progress: Callable[[str], None]) -> TrialResults:
    """Make the port if it is missing, run the showcase, publish its picture and results in `out/try`.

    Returns:
        The data of results.json.

    Raises:
        PortError: something is missing, or the showcase failed; an older result stays.
    """
    recipe = read_release(layout)
    model = recipe.model(request.model)
    script = layout.release / "inference.py"
    if not script.is_file():
        raise PortError(f"{script} is missing", hint="write it; examples/patchtok/release holds a small one")
    ported = port(layout, progress=progress)
    tree = ported.path.resolve()
    picture = request.picture or (tree / recipe.trial.picture if recipe.trial.picture else None)
    if picture is None:
        raise PortError("the port has no picture of its own", hint="--picture FILE")
    source, words = _weights(layout, request, model, progress)
    for caption in request.captions or recipe.trial.captions:
        words += ["--caption", caption]
    device = resolve(request.device, progress, among=ALL)
    progress(f"{model.name} on {device.name}")
    with staged_directory(layout.out) as staging:
        words += ["--source", str(tree), "--out", str(staging / PICTURE), "--json", str(staging / RESULTS)]
        _run_script([str(script), "showcase", str(picture), *words], device)
        results: TrialResults = json.loads((staging / RESULTS).read_bytes())
        results["weights"] |= source
        results["port"] = {"commit": ported.commit, "tree": ported.tree}
        data = json.dumps(results, indent=1, ensure_ascii=False) + "\n"
        write_atomically(staging / RESULTS, data.encode())
        publish(staging, layout.trial)
    return results


def _weights(
    layout: Layout, request: TrialRequest, model: ReleaseModel, progress: Callable[[str], None]
) -> tuple[dict[str, object], list[str]]:
    """The source of the weights for the results, and the script's arguments for them."""
    if request.weights is None:
        words = ["--random", "--size", model.size, "--seed", str(request.seed)]
        return {"seed": request.seed, "size": model.size}, words
    checkpoint = weights.resolve(layout, request.weights, progress)
    label = checkpoint.source + (f" @ {checkpoint.revision[:12]}" if checkpoint.revision else "")
    return {**checkpoint.to_data()}, ["--weights", str(checkpoint.path), "--label", label]


def _run_script(words: list[str], device: Device) -> None:
    """Run the port's script.

    Raises:
        PortError: the script's own error, or how it ended.
    """
    kind = "npu" if device.kind == "sim" else device.kind
    command = process.python(*words, "--device", kind)
    done = process.run(command, environment=process.environment(device.environment))
    if done.code == 0:
        return
    lines = done.err.strip().splitlines() or ["no output"]
    error = next((line for line in reversed(lines) if line.startswith("error: ")), "")
    if error:
        message, _, hint = error.removeprefix("error: ").partition("\nhint: ")
        raise PortError(message, hint=hint or "fix that")
    script = " ".join([Path(words[0]).name, *words[1:3]])
    raise PortError(f"{script} {process.ending(done.code)}: {lines[-1]}", hint="npuport doctor")
