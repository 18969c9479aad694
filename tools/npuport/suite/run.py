"""A run of the parity suite, from outside: pytest in a process of its own, known by its report alone."""

import json
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from npuport.base import process
from npuport.base.errors import PortError
from npuport.base.files import write_atomically
from npuport.base.places import TOOLS
from npuport.port.layout import Layout
from npuport.weights import Checkpoint

#: pytest's exit codes of a run that came to its end: all well, or findings.
_FINISHED = (0, 1)


@dataclass(frozen=True)
class Request:
    """What is to be judged, and where.

    Args:
        device: `npu`, `sim` or `auto`.
        sizes: model sizes of the adapter's; its default ones where none are named.
        seed: of weights and inputs.
        weights: a checkpoint, as `npuport.weights` names one, instead of excited random weights.
        tree: judge this tree instead of the ported one.
        expression: only the checks that match, as pytest's -k.
    """

    device: str = "auto"
    sizes: tuple[str, ...] = ()
    seed: int = 0
    weights: str | None = None
    tree: Path | None = None
    expression: str = ""


def run(layout: Layout, request: Request, report: Path, progress: Callable[[str], None]) -> bool:
    """Port and check out what is missing, then run the suite; `report` is then the run's report.

    Returns:
        Whether every check passed.

    Raises:
        PortError: it could not run, or did not come to its end; an older report stays.
    """
    from npuport.device.choose import resolve
    from npuport.port.build import port
    from npuport.port.checkout import checkout
    from npuport.weights import resolve as resolve_weights

    weights = resolve_weights(layout, request.weights, progress) if request.weights else None
    if request.tree is None:
        port(layout, progress=progress)
    checkout(layout, progress=progress)
    device = resolve(request.device, progress)
    started = time.time()
    progress(f"parity on {device.name}")
    with tempfile.TemporaryDirectory() as scratch:
        error = Path(scratch) / "error.json"
        log = Path(scratch) / "log.txt"
        words = [*_words(layout, request, weights, device.kind, report), "--error-file", str(error)]
        code = process.stream(
            process.python("-m", "pytest", *words), environment=process.environment(), log=log, cwd=TOOLS
        )
        if error.is_file():
            process.raise_error(json.loads(error.read_bytes()))
        output = log.read_bytes()
    results = report / "results.json"
    if code not in _FINISHED or not results.is_file() or results.stat().st_mtime < started:
        raise PortError(
            f"the suite {process.ending(code)} before it had a report; its own lines are above",
            hint="fix what they say; `npuport doctor` knows what this machine lacks",
        )
    write_atomically(report / "log.txt", output)
    return code == 0


def _words(
    layout: Layout, request: Request, weights: Checkpoint | None, device: str, report: Path
) -> list[str]:
    suite = Path(__file__).parent / "checks"
    words = ["-c", str(suite / "pytest.ini"), str(suite)]
    words += ["-p", "no:terminal", "--progress"]
    words += ["--device", device, "--port", str(layout.root), "--report", str(report)]
    words += ["--seed", str(request.seed)]
    for size in request.sizes:
        words += ["--size", size]
    if weights:
        words += ["--weights", str(weights.path), "--checkpoint", json.dumps(weights.to_data())]
    if request.tree:
        words += ["--tree", str(request.tree.resolve())]
    return [*words, "-k", request.expression] if request.expression else words
