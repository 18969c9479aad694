"""The process in which a hub's client runs: `python -m npuport.weights.client HUB`.

A client reads its environment when it is imported, prints, keeps threads and sessions; and what it talks to
is not trusted. So it has a process of its own, that `hub` starts. One line of JSON in, one line out:

    {"do": "list", "name", "revision", "scratch"}                   -> {"commit", "files"}
    {"do": "get", "name", "revision", "scratch", "into", "files"}   -> {}
    whatever went wrong                                             -> {"kind", "status", "detail"}
"""

import importlib
import json
import os
import re
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from npuport.base.errors import user_error
from npuport.weights.remote import RemoteFile

#: The hub's name in a spec, and the module that speaks with it.
MODULES = {"hf": "huggingface", "modelscope": "modelscope", "openmind": "openmind"}

_NETWORK = {
    "ConnectionError",
    "TimeoutError",
    "Timeout",
    "TransportError",
    "NetworkError",
    "ChunkedEncodingError",
    "ProtocolError",
}


def main() -> None:
    """Answer one request."""
    request = json.loads(sys.stdin.readline())
    threading.Thread(target=_die_with_parent, daemon=True).start()
    with os.fdopen(os.dup(1), "w") as answer:
        os.dup2(2, 1)  # what a client prints is no answer
        try:
            found = _answer(sys.argv[1], request)
        except KeyboardInterrupt:
            os._exit(130)
        except Exception as error:
            found = classify(error)
        answer.write(json.dumps(found) + "\n")
        answer.flush()
        os._exit(0)  # a client's threads are not waited for


def _answer(hub: str, request: dict[str, Any]) -> dict[str, Any]:
    module = importlib.import_module(f"npuport.weights.{MODULES[hub]}")
    name, revision, scratch = request["name"], request["revision"], Path(request["scratch"])
    if request["do"] == "list":
        found: dict[str, Any] = module.listing(name, revision, scratch).to_data()
        return found
    for file in request["files"]:
        module.get(name, revision, RemoteFile(**file), Path(request["into"]), scratch)
    return {}


def _die_with_parent() -> None:
    """The parent holds our stdin open as long as it lives."""
    sys.stdin.read()
    os._exit(1)


def classify(error: BaseException) -> dict[str, Any]:
    """What went wrong, whichever client says it: its kind, the HTTP status, one line of detail."""
    chain = list(_chain(error))
    for one in chain:
        if isinstance(one, OSError) and (known := user_error(one)):
            return {"kind": "disk", "status": one.errno, "detail": known.message, "hint": known.hint}
        if type(one).__name__ == "OfflineModeIsEnabled":
            return _told("offline", one)
    for one in chain:
        if status := _status(one):
            return _told("http", one, status)
    for one in chain:
        if isinstance(one, ImportError):
            return _told("client", one)
        if {cls.__name__ for cls in type(one).__mro__} & _NETWORK:
            return _told("unreachable", chain[-1])
    return _told("failed", error)


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """An error and what caused it, the cause last."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__


def _status(error: BaseException) -> int | None:
    for holder in (error, getattr(error, "response", None)):
        status = getattr(holder, "status_code", None)
        if isinstance(status, int) and status >= 400:
            return status
    retried = re.search(r"too many (\d{3}) error responses", str(error))  # urllib3, after its last try
    return int(retried[1]) if retried else None


def _told(kind: str, error: BaseException, status: int | None = None) -> dict[str, Any]:
    text = (str(error).strip().splitlines() or [""])[0]
    return {
        "kind": kind,
        "status": status,
        "detail": without_secrets(f"{type(error).__name__}: {text}")[:300],
    }


def without_secrets(text: str) -> str:
    """A message without tokens: none of the environment's, no header's, no signed url's."""
    for name, value in os.environ.items():
        if re.search("TOKEN|SECRET|PASSWORD|KEY", name) and len(value) > 5:
            text = text.replace(value, "***")
    text = re.sub(r"(?i)(bearer\s+|hf_|ms-)[A-Za-z0-9._-]{8,}", r"\1***", text)
    return re.sub(r"//[^/@\s]*@", "//***@", re.sub(r"\?[^\s'\")]*", "", text))


if __name__ == "__main__":
    main()
