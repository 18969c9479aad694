"""A trial: the port's own showcase on the best device, in a process of its own."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from npuport.base import process
from npuport.base.errors import PortError
from npuport.base.files import publish, staged_directory, write_atomically
from npuport.device.choose import ALL, Device, resolve
from npuport.port.build import port
from npuport.port.layout import Layout
from npuport.release.model import Model, Release, read_release

#: What the port's showcase leaves.
PICTURE, RESULTS = "showcase.png", "results.json"


@dataclass(frozen=True)
class Request:
    """What is to be shown, and where.

    Args:
        device: one of `device.ALL`, or `auto`.
        model: one of release.toml's; its first where None.
        picture: instead of release.toml's.
        captions: instead of release.toml's.
        weights: a checkpoint, as `weights.resolve` takes it; random weights where None.
        seed: of random weights.
    """

    device: str = "auto"
    model: str | None = None
    picture: Path | None = None
    captions: tuple[str, ...] = ()
    weights: str | None = None
    seed: int = 0


def run(layout: Layout, request: Request, progress: Callable[[str], None]) -> dict[str, Any]:
    """Port what is missing, run the showcase, publish `showcase.png` and `results.json` in `out/try`.

    Returns:
        What results.json holds.

    Raises:
        PortError: something is missing, or the showcase failed; an older one stays.
    """
    recipe = read_release(layout)
    model = recipe.model(request.model)
    script = layout.release / "inference.py"
    if not script.is_file():
        raise PortError(f"{script} is missing", hint="write it; examples/patchtok/release holds a small one")
    ported = port(layout, progress=progress)
    tree = ported.path.resolve()
    picture = request.picture or (tree / recipe.picture if recipe.picture else None)
    if picture is None:
        raise PortError("the port has no picture of its own", hint="--picture FILE")
    weights, words = _weights(layout, request, model, progress)
    words += _captions(request, recipe)
    device = resolve(request.device, progress, among=ALL)
    progress(f"{model.name} on {device.name}")
    with staged_directory(layout.out) as staging:
        named = {"--source": tree, "--out": staging / PICTURE, "--json": staging / RESULTS}
        words += [word for name, path in named.items() for word in (name, str(path))]
        _run_child([str(script), "showcase", str(picture), *words], device)
        results: dict[str, Any] = json.loads((staging / RESULTS).read_bytes())
        results["weights"] |= weights
        results["port"] = {"commit": ported.commit, "tree": ported.tree}
        data = json.dumps(results, indent=1, ensure_ascii=False) + "\n"
        write_atomically(staging / RESULTS, data.encode())
        publish(staging, layout.trial)
    return results


def _weights(
    layout: Layout, request: Request, model: Model, progress: Callable[[str], None]
) -> tuple[dict[str, Any], list[str]]:
    """What the results say of the weights, and the child's words for them."""
    if request.weights is None:
        said = {"seed": request.seed, "size": model.size}
        return said, ["--random", "--size", model.size, "--seed", str(request.seed)]
    from npuport import weights

    found = weights.resolve(layout, request.weights, progress)
    label = found.source + (f" @ {found.revision[:12]}" if found.revision else "")
    said = {"source": found.source, "revision": found.revision, "digest": found.digest}
    return said, ["--weights", str(found.path), "--label", label]


def _captions(request: Request, recipe: Release) -> list[str]:
    return [word for caption in request.captions or recipe.captions for word in ("--caption", caption)]


def _run_child(words: list[str], device: Device) -> None:
    """Run the port's script; the one line in which it fails is our error."""
    kind = "npu" if device.kind == "sim" else device.kind
    command = process.python(*words, "--device", kind)
    done = process.run(command, environment=process.environment(device.environment))
    if done.code == 0:
        return
    lines = done.err.strip().splitlines() or ["no output"]
    told = next((line for line in reversed(lines) if line.startswith("error: ")), "")
    if told:
        message, _, hint = told.removeprefix("error: ").partition("\nhint: ")
        raise PortError(message, hint=hint or "fix what it says")
    script = " ".join([Path(words[0]).name, *words[1:3]])
    raise PortError(f"{script} {process.ending(done.code)}: {lines[-1]}", hint="npuport doctor")
