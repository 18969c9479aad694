"""The value of `--weights`: a directory, or a model of a hub."""

import re
from dataclasses import dataclass
from pathlib import Path

from npuport.base.errors import PortError
from npuport.weights.hubs import HUBS


@dataclass(frozen=True)
class HubModel:
    """A model of a hub.

    Args:
        hub: one of `HUBS`.
        id: the model's id there, `owner/name`.
        revision: a branch, tag or commit; None where the spec names none.
    """

    hub: str
    id: str
    revision: str | None = None

    @property
    def source(self) -> str:
        """Hub and id, `hf:owner/name`: the key in `weights.lock`."""
        return f"{self.hub}:{self.id}"

    def __str__(self) -> str:
        return self.source if self.revision is None else f"{self.source}@{self.revision}"


def parse(spec: str) -> Path | HubModel:
    """The directory or the model that a spec names; `./hf:...` is a directory.

    Raises:
        PortError: a model's id or revision is malformed.
    """
    hub, colon, rest = spec.partition(":")
    if not colon or hub not in HUBS:
        return Path(spec)
    name, at, revision = rest.partition("@")
    if problem := wrong_id(name):
        raise PortError(f"{spec}: {name!r} {problem}", hint=f"--weights {hub}:OWNER/NAME[@REVISION]")
    if at and (problem := wrong_revision(revision)):
        raise PortError(f"{spec}: {revision!r} {problem}", hint=f"--weights {hub}:{name}@REVISION")
    return HubModel(hub, name, revision if at else None)


def wrong_id(name: str) -> str | None:
    """What is wrong with a model's id; None if it is valid."""
    part = r"[A-Za-z0-9_](?:[A-Za-z0-9._-]*[A-Za-z0-9_])?"
    if re.fullmatch(rf"{part}/{part}", name) and ".." not in name and "--" not in name:
        return None
    return "is not a model's id, OWNER/NAME"


def wrong_revision(revision: str) -> str | None:
    """What is wrong with a revision's name; None if it is valid."""
    if re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9._/+-]*", revision) and ".." not in revision:
        return None
    return "is not a branch, tag or commit"


def is_commit(revision: str) -> bool:
    """Whether a revision is a full commit id."""
    return re.fullmatch(r"[0-9a-f]{40}", revision) is not None
