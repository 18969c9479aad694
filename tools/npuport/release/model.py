"""A port's `release/release.toml`: its models, the source that a bundle needs, the words of its card."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NotRequired, TypedDict, cast

from npuport.base.errors import PortError
from npuport.base.strict import read_toml
from npuport.port.layout import Layout


@dataclass(frozen=True)
class ReleaseModel:
    """One model that can be released.

    Args:
        name: what `--model` names: `VTP-Small`.
        title: its checkpoint's name, from which the bundle gets its own: `VTP-Small-f16d64`.
        size: the adapter's size.
        weights: hub and id of trained weights; empty where there are none.
    """

    name: str
    title: str
    size: str
    weights: str = ""


@dataclass
class Source:
    """The files of a bundle that are the port's own.

    Args:
        include: the ported tree's files that form the stand-alone source: paths, and `directory/**`.
        requires: the Python packages that the source imports.
        scripts: the port's scripts, beside release.toml; `inference.py` is one.
    """

    include: list[str] = field(default_factory=list)
    requires: list[str] = field(default_factory=list)
    scripts: list[str] = field(default_factory=lambda: ["inference.py"])


@dataclass
class TrialInputs:
    """What `npuport try` shows.

    Args:
        picture: a path in the ported tree; empty where the port has no picture.
        captions: for that picture.
    """

    picture: str = ""
    captions: list[str] = field(default_factory=list)


class Citation(TypedDict):
    """The paper of the model."""

    key: str
    title: str
    authors: list[str]
    year: int
    arxiv: NotRequired[str]


class CardText(TypedDict, total=False):
    """The words of the model card, as its templates read them."""

    summary: str
    summary_zh: str
    license: str
    license_name: str
    license_note: str
    license_note_zh: str
    library_name: str
    pipeline_tag: str
    tags: list[str]
    example: str
    citation: Citation


@dataclass(frozen=True)
class Release:
    """What a port releases: at least one model."""

    models: tuple[ReleaseModel, ...]
    source: Source
    trial: TrialInputs
    card: CardText

    def model(self, name: str | None) -> ReleaseModel:
        """The model of a name; the first one for None.

        Raises:
            PortError: no model has that name.
        """
        if name is None:
            return self.models[0]
        known = {model.name: model for model in self.models}
        if name not in known:
            raise PortError(f"no model {name!r} to release", hint=f"--model {' or '.join(known)}")
        return known[name]


@dataclass
class _ReleaseFile:
    model: list[ReleaseModel] = field(default_factory=list)
    source: Source = field(default_factory=Source)
    try_: TrialInputs = field(default_factory=TrialInputs)
    card: dict[str, Any] = field(default_factory=dict)


def read_release(layout: Layout) -> Release:
    """Read a port's `release/release.toml`.

    Raises:
        PortError: the file is missing or malformed; the message names the key.
    """
    path = layout.release / "release.toml"
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise PortError(f"{path} is missing", hint="examples/patchtok/release holds a small one") from error
    except UnicodeDecodeError as error:
        raise PortError(f"{path} is not UTF-8", hint="save it as UTF-8") from error
    document = read_toml(text, _ReleaseFile, str(path), f"correct {path}")
    data = document.value
    if not data.model:
        raise document.fault("model", "is missing: a table [[model]] with name, title and size")
    for number, model in enumerate(data.model):
        for key in ("name", "title", "size"):
            if not getattr(model, key):
                raise document.fault(f"model[{number}].{key}", "is empty")
        if Path(model.title).name != model.title or model.title.startswith("."):
            raise document.fault(f"model[{number}].title", f"is not a file name: {model.title!r}")
    if not data.source.include:
        raise document.fault("source.include", 'is missing: include = ["LICENSE", "package/**"]')
    return Release(tuple(data.model), data.source, data.try_, cast(CardText, data.card))
