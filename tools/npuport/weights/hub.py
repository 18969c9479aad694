"""A hub, from our side: what its client is called, how it is started, and its failures in one line each."""

import json
import os
import select
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from npuport.base.errors import PortError
from npuport.base.places import cache_dir
from npuport.weights.remote import Listing, RemoteFile
from npuport.weights.spec import Model

#: Seconds between two looks at how far a download is.
_LOOK = 0.2


@dataclass(frozen=True)
class Hub:
    """What is known of a hub.

    Args:
        title: its name for people.
        package: its client, as pip knows it.
        branch: its default branch.
        endpoint: the variable of the client's that names a mirror.
        login: how a user gives the client a token.
        environment: variables that make the client quiet and its downloads resumable.
    """

    title: str
    package: str
    branch: str
    endpoint: str
    login: str
    environment: Mapping[str, str]


HUBS: Mapping[str, Hub] = {
    "hf": Hub(
        title="Hugging Face",
        package="huggingface_hub",
        branch="main",
        endpoint="HF_ENDPOINT",
        login="hf auth login, or HF_TOKEN",
        environment={
            "HF_HUB_DISABLE_TELEMETRY": "1",
            "HF_HUB_DISABLE_PROGRESS_BARS": "1",
            "HF_HUB_DISABLE_UPDATE_CHECK": "1",
            "HF_HUB_VERBOSITY": "error",
        },
    ),
    "modelscope": Hub(
        title="ModelScope",
        package="modelscope_hub",
        branch="master",
        endpoint="MODELSCOPE_ENDPOINT",
        login="modelscope login, or MODELSCOPE_API_TOKEN",
        environment={
            "MODELSCOPE_LOG_LEVEL": "ERROR",
            "MODELSCOPE_DOWNLOAD_INTRA_CLOUD": "false",  # it would ask which cloud this machine is in
            "MODELSCOPE_DOWNLOAD_PARALLEL_WORKERS": "1",  # one stream is resumed byte by byte
            "MODELSCOPE_API_MAX_RETRIES": "2",  # its five take a quarter of a minute, silently
        },
    ),
    "openmind": Hub(
        title="openMind",
        package="openmind_hub",
        branch="main",
        endpoint="OPENMIND_HUB_ENDPOINT",
        login="OPENMIND_HUB_TOKEN",
        environment={"OM_HUB_DISABLE_PROGRESS_BARS": "1"},
    ),
}


def listing(model: Model, progress: Callable[[str], None]) -> Listing:
    """What the hub has at the model's revision.

    Raises:
        PortError: the hub cannot be reached, or refuses.
    """
    progress(f"asking {HUBS[model.hub].title} for {model}")
    with tempfile.TemporaryDirectory(prefix="npuport-weights-") as scratch:
        answer = _ask(model, {"do": "list"}, Path(scratch), lambda: None)
    return Listing.from_data(answer)


def get(
    model: Model, files: tuple[RemoteFile, ...], into: Path, scratch: Path, look: Callable[[], None]
) -> None:
    """Download files at the model's revision, a commit, into a directory.

    Args:
        scratch: where the client keeps what is not complete; the next call goes on from it.
        look: called every now and then while it lasts.

    Raises:
        PortError: the hub cannot be reached, or refuses, or the disk is full.
    """
    request = {"do": "get", "into": str(into), "files": [asdict(file) for file in files]}
    _ask(model, request, scratch, look)


def _ask(model: Model, request: dict[str, Any], scratch: Path, look: Callable[[], None]) -> dict[str, Any]:
    """Run the client in a process of its own; it ends with us, however we end."""
    request |= {"name": model.id, "revision": model.revision, "scratch": str(scratch)}
    with (
        tempfile.TemporaryFile() as said,
        subprocess.Popen(
            [sys.executable, "-m", "npuport.weights.client", model.hub],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=said,
            env=_environment(HUBS[model.hub], scratch),
        ) as child,
    ):
        assert child.stdin is not None
        assert child.stdout is not None
        try:
            child.stdin.write(json.dumps(request).encode() + b"\n")
            child.stdin.flush()
            text = b""
            while True:
                ready, _, _ = select.select([child.stdout], [], [], _LOOK)
                if ready and not (part := os.read(child.stdout.fileno(), 1 << 16)):
                    break
                text += part if ready else b""
                look()
        finally:
            child.kill()
        said.seek(0)
        last = said.read()[-2000:].decode("utf-8", "replace")
    try:
        answer: dict[str, Any] = json.loads(text)
    except ValueError:
        from npuport.weights.client import without_secrets

        lines = without_secrets(last).strip().splitlines() or [f"code {child.returncode}"]
        answer = {"kind": "failed", "status": None, "detail": lines[-1]}
    if "kind" in answer:
        raise _failed(model, answer)
    return answer


def _environment(hub: Hub, scratch: Path) -> dict[str, str]:
    tools = str(Path(__file__).resolve().parents[2])
    return {
        **os.environ,
        **hub.environment,
        **({"XDG_CACHE_HOME": str(scratch)} if hub.package == "openmind_hub" else {}),
        "PYTHONPATH": os.pathsep.join([tools, *filter(None, [os.environ.get("PYTHONPATH")])]),
        "TQDM_DISABLE": "1",
        "DO_NOT_TRACK": "1",
    }


def _failed(model: Model, answer: dict[str, Any]) -> PortError:
    """A client's failure as one line, with what to do about it."""
    hub, kind, status, detail = HUBS[model.hub], answer["kind"], answer["status"], answer["detail"]
    elsewhere = f"download {model.id} elsewhere and give its directory: --weights DIR"
    if kind == "client":
        return PortError(f"{model}: {hub.package} is not there: {detail}", hint=f"pip install {hub.package}")
    if kind == "disk":
        return PortError(f"{model}: {detail}", hint=answer["hint"])
    if kind == "offline":
        return PortError(
            f"{model} is not in the cache, and HF_HUB_OFFLINE forbids to fetch it",
            hint=f"unset HF_HUB_OFFLINE, or {elsewhere}",
        )
    if kind == "unreachable":
        return PortError(
            f"{model}: {hub.title} cannot be reached: {detail}",
            hint=f"name a mirror with {hub.endpoint}, or {elsewhere}",
        )
    if "restricted sensitive area" in detail:  # openmind_hub's word for /var, /etc, /bin, /boot and /lib
        return PortError(
            f"{model}: {hub.package} does not write to {cache_dir()}", hint="name another with NPUPORT_CACHE"
        )
    if kind == "http":
        return _refused(model, hub, int(status), elsewhere)
    return PortError(f"{model}: {hub.title}'s client failed: {detail}", hint=elsewhere)


def _refused(model: Model, hub: Hub, status: int, elsewhere: str) -> PortError:
    what, hint = {
        401: ("wants to know who asks, or has no such model", f"check the id; log in: {hub.login}"),
        403: ("does not let you have it", f"accept its terms on the model's page; log in: {hub.login}"),
        404: (
            "has no such model or revision",
            f"check id and revision; for a private model log in: {hub.login}",
        ),
        429: ("asks to wait", f"wait some minutes, or log in: {hub.login}"),
    }.get(status, ("fails", f"try again later, or name a mirror with {hub.endpoint}, or {elsewhere}"))
    return PortError(f"{model}: {hub.title} {what} (HTTP {status})", hint=hint)
