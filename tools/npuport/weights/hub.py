"""What is asked of a hub: the listing and the files of a model, each by the client of the hub in a child."""

import tempfile
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from npuport.base import child
from npuport.base.process import ProcessError
from npuport.weights.failure import client_failed
from npuport.weights.hubs import HUBS
from npuport.weights.remote import Listing, RemoteFile
from npuport.weights.spec import HubModel


def listing(model: HubModel, progress: Callable[[str], None]) -> Listing:
    """Return what the hub has at the model's revision.

    Raises:
        PortError: the hub cannot be reached, or refuses.
    """
    progress(f"asking {HUBS[model.hub].title} for {model}")
    with tempfile.TemporaryDirectory(prefix="npuport-weights-") as scratch:
        answer = _ask(model, {"do": "list"}, Path(scratch))
    return Listing(answer["commit"], tuple(RemoteFile(**file) for file in answer["files"]))


def get(
    model: HubModel, files: tuple[RemoteFile, ...], into: Path, scratch: Path, look: Callable[[], None]
) -> None:
    """Download files at the model's revision, a commit, into a directory.

    Args:
        scratch: where the client keeps incomplete files; the next call resumes them.
        look: called several times a second meanwhile.

    Raises:
        PortError: the hub cannot be reached, or refuses, or the disk is full.
    """
    request = {"do": "get", "into": str(into), "files": [asdict(file) for file in files]}
    _ask(model, request, scratch, look)


def _ask(
    model: HubModel, question: child.Message, scratch: Path, look: Callable[[], None] | None = None
) -> child.Message:
    hub = HUBS[model.hub]
    variables = {**hub.environment, "DO_NOT_TRACK": "1"}
    if hub.package == "openmind_hub":
        variables["XDG_CACHE_HOME"] = str(scratch)
    request = {**question, "model": asdict(model), "scratch": str(scratch)}
    try:
        return child.ask("npuport.weights.client", request, extra=variables, look=look)
    except ProcessError as error:
        raise client_failed(model, str(error)) from error
