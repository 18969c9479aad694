"""`release/release.toml` of a port: its models, the source that a bundle needs, what its card says."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from npuport.base.errors import PortError
from npuport.base.strict import read_toml
from npuport.port.layout import Layout


@dataclass(frozen=True)
class Model:
    """One model that can be released.

    Args:
        name: what `--model` names: `VTP-Small`.
        title: its checkpoint's name, from which the bundle has its own: `VTP-Small-f16d64`.
        size: the adapter's size.
        weights: where users find trained weights: a hub and an id; empty where there are none.
    """

    name: str
    title: str
    size: str
    weights: str = ""


@dataclass(frozen=True)
class Release:
    """What a port releases.

    Args:
        models: one or more.
        include: the ported tree's files that make the stand-alone source: paths, and `directory/**`.
        requires: the Python packages that the source imports.
        scripts: the port's own, beside release.toml; `inference.py` is one.
        picture: of the ported tree, for `npuport try`; empty where the port has none.
        captions: for that picture.
        card: what the model card says of the port, as its templates read it.
    """

    models: tuple[Model, ...]
    include: tuple[str, ...]
    requires: tuple[str, ...]
    scripts: tuple[str, ...]
    picture: str
    captions: tuple[str, ...]
    card: Mapping[str, Any]

    def model(self, name: str | None) -> Model:
        """The model of a name; the first one where none is given.

        Raises:
            PortError: there is none of that name.
        """
        if name is None:
            return self.models[0]
        known = {model.name: model for model in self.models}
        if name not in known:
            raise PortError(f"no model {name!r} to release", hint=f"--model {' or '.join(known)}")
        return known[name]


@dataclass
class _Source:
    include: list[str] = field(default_factory=list)
    requires: list[str] = field(default_factory=list)
    scripts: list[str] = field(default_factory=lambda: ["inference.py"])


@dataclass
class _Try:
    picture: str = ""
    captions: list[str] = field(default_factory=list)


@dataclass
class _ReleaseFile:
    model: list[Model] = field(default_factory=list)
    source: _Source = field(default_factory=_Source)
    try_: _Try = field(default_factory=_Try)
    card: dict[str, Any] = field(default_factory=dict)


def read_release(layout: Layout) -> Release:
    """Return what a port's `release/release.toml` holds.

    Raises:
        PortError: it is missing or malformed; the message names the key.
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
    return Release(
        models=tuple(data.model),
        include=tuple(data.source.include),
        requires=tuple(data.source.requires),
        scripts=tuple(data.source.scripts),
        picture=data.try_.picture,
        captions=tuple(data.try_.captions),
        card=data.card,
    )
