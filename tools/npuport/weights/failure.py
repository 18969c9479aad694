"""A hub's failure as one PortError, whichever client reports it."""

import os
import re
from collections.abc import Iterator

from npuport.base.errors import PortError, user_error
from npuport.base.places import cache_dir
from npuport.weights.hubs import HUBS, Hub
from npuport.weights.spec import HubModel

_NETWORK = {
    "ConnectionError",
    "TimeoutError",
    "Timeout",
    "TransportError",
    "NetworkError",
    "ChunkedEncodingError",
    "ProtocolError",
}


def failure(model: HubModel, error: Exception) -> PortError:
    """The PortError for an exception of a client: a full disk, a refusal, no network, no client."""
    hub, chain = HUBS[model.hub], list(_chain(error))
    for one in chain:
        if isinstance(one, OSError) and (known := user_error(one)):
            return PortError(f"{model}: {known.message}", hint=known.hint)
        if type(one).__name__ == "OfflineModeIsEnabled":
            return PortError(
                f"{model} is not in the cache, and HF_HUB_OFFLINE forbids fetching it",
                hint=f"unset HF_HUB_OFFLINE, or {_elsewhere(model)}",
            )
    for one in chain:
        if status := _status(one):
            return _refused(model, hub, status)
    for one in chain:
        if isinstance(one, ImportError):
            return PortError(
                f"{model}: {hub.package} is not installed: {_detail(one)}", hint=f"pip install {hub.package}"
            )
        if {cls.__name__ for cls in type(one).__mro__} & _NETWORK:
            return PortError(
                f"{model}: {hub.title} cannot be reached: {_detail(chain[-1])}",
                hint=f"name a mirror with {hub.endpoint}, or {_elsewhere(model)}",
            )
    return client_failed(model, _detail(error))


def client_failed(model: HubModel, detail: str) -> PortError:
    """The PortError for a client that failed in a way of its own."""
    hub, detail = HUBS[model.hub], without_secrets(detail)
    if "restricted sensitive area" in detail:  # openmind_hub's name for /var, /etc, /bin, /boot and /lib
        return PortError(
            f"{model}: {hub.package} does not write to {cache_dir()}", hint="name another with NPUPORT_CACHE"
        )
    return PortError(f"{model}: {hub.title}'s client failed: {detail}", hint=_elsewhere(model))


def _elsewhere(model: HubModel) -> str:
    return f"download {model.id} elsewhere and give its directory: --weights DIR"


def _refused(model: HubModel, hub: Hub, status: int) -> PortError:
    what, hint = {
        401: ("asks for a login, or has no such model", f"check the id; log in: {hub.login}"),
        403: ("denies access", f"accept its terms on the model's page; log in: {hub.login}"),
        404: (
            "has no such model or revision",
            f"check id and revision; for a private model log in: {hub.login}",
        ),
        429: ("asks to wait", f"wait some minutes, or log in: {hub.login}"),
    }.get(status, ("fails", f"try again later, or name a mirror with {hub.endpoint}, or {_elsewhere(model)}"))
    return PortError(f"{model}: {hub.title} {what} (HTTP {status})", hint=hint)


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """An error and its causes, the first cause last."""
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


def _detail(error: BaseException) -> str:
    text = (str(error).strip().splitlines() or [""])[0]
    return without_secrets(f"{type(error).__name__}: {text}")[:300]


def without_secrets(text: str) -> str:
    """A text without tokens: none of the environment's, of a header's, of a signed URL's."""
    for name, value in os.environ.items():
        if re.search("TOKEN|SECRET|PASSWORD|KEY", name) and len(value) > 5:
            text = text.replace(value, "***")
    text = re.sub(r"(?i)(bearer\s+|hf_|ms-)[A-Za-z0-9._-]{8,}", r"\1***", text)
    return re.sub(r"//[^/@\s]*@", "//***@", re.sub(r"\?[^\s'\")]*", "", text))
