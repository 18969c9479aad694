"""A run of the parity suite: pytest in a child process, of which only the report is read."""

import json
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from npuport import weights
from npuport.base import process
from npuport.base.child import raise_error
from npuport.base.errors import PortError
from npuport.base.files import write_atomically
from npuport.base.places import TOOLS
from npuport.base.text import Progress
from npuport.device.choose import resolve
from npuport.port.build import port
from npuport.port.checkout import checkout
from npuport.port.layout import Layout

#: pytest's exit codes of a run that came to its end: every check passed, or not.
_FINISHED = (0, 1)


@dataclass(frozen=True)
class ParityRequest:
    """What the suite judges, and where.

    Args:
        device: `npu`, `sim` or `auto`.
        sizes: model sizes of the adapter's; none means its default ones.
        seed: of weights and inputs.
        weights: a checkpoint, as `npuport.weights` names one, instead of excited random weights.
        tree: a tree to judge instead of the ported one.
        expression: which checks to run, as pytest's -k.
    """

    device: str = "auto"
    sizes: tuple[str, ...] = ()
    seed: int = 0
    weights: str | None = None
    tree: Path | None = None
    expression: str = ""


def run(layout: Layout, request: ParityRequest, report: Path, progress: Progress) -> bool:
    """Port and check out what is missing, run the suite, publish its report; return whether all passed.

    Raises:
        PortError: the suite cannot run, or ends early; an older report stays.
    """
    checkpoint = weights.resolve(layout, request.weights, progress) if request.weights else None
    if request.tree is None:
        port(layout, progress=progress)
    checkout(layout, progress=progress)
    device = resolve(request.device, progress)
    started = time.time()
    progress(f"parity on {device.name}")
    with tempfile.TemporaryDirectory() as scratch:
        error = Path(scratch) / "error.json"
        log = Path(scratch) / "log.txt"
        words = [*_words(layout, request, checkpoint, device.kind, report), "--error-file", str(error)]
        code = process.stream(
            process.python("-m", "pytest", *words), environment=process.environment(), log=log, cwd=TOOLS
        )
        if error.is_file():
            raise_error(json.loads(error.read_bytes()))
        output = log.read_bytes()
    results = report / "results.json"
    if code not in _FINISHED or not results.is_file() or results.stat().st_mtime < started:
        raise PortError(
            f"the suite {process.ending(code)} before it wrote a report; its output is above",
            hint="fix the error in its output; `npuport doctor` shows what this machine lacks",
        )
    write_atomically(report / "log.txt", output)
    return code == 0


def _words(
    layout: Layout, request: ParityRequest, checkpoint: weights.Checkpoint | None, device: str, report: Path
) -> list[str]:
    suite = Path(__file__).parent / "checks"
    words = ["-c", str(suite / "pytest.ini"), str(suite)]
    words += ["-p", "no:terminal", "--progress"]
    words += ["--device", device, "--port", str(layout.root), "--report", str(report)]
    words += ["--seed", str(request.seed)]
    for size in request.sizes:
        words += ["--size", size]
    if checkpoint:
        words += ["--weights", str(checkpoint.path), "--checkpoint", json.dumps(checkpoint.to_data())]
    if request.tree:
        words += ["--tree", str(request.tree.resolve())]
    return [*words, "-k", request.expression] if request.expression else words
