"""`release/release.toml` of a port: its models, the source that a bundle needs, what its card says."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from npuport.base.errors import PortError
from npuport.port.layout import Layout

_MODEL = {"name": str, "title": str, "size": str, "weights": str}
_TABLES: Mapping[str, Mapping[str, type]] = {
    "source": {"include": list, "requires": list, "scripts": list},
    "try": {"picture": str, "captions": list},
}


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
    weights: str


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


def read_release(layout: Layout) -> Release:
    """A port's `release/release.toml`.

    Raises:
        PortError: it is missing or malformed; the message names the key.
    """
    path = layout.release / "release.toml"
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise PortError(
            f"{path} is missing: nothing says what a bundle of this port holds",
            hint="write it; examples/patchtok/release holds a small one",
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise PortError(f"{path}: {error}", hint="fix it; it is TOML, in UTF-8") from error
    return _parsed(data, path)


def _parsed(data: dict[str, Any], path: Path) -> Release:
    _known(data, {"model", "card", *_TABLES}, path, "")
    models = data.get("model", [])
    if not isinstance(models, list) or not models:
        raise PortError(f"{path} names no model", hint="a table [[model]] with name, title and size")
    for model in models:
        _typed(model, _MODEL, path, "model")
        for key in ("name", "title", "size"):
            if not model.get(key):
                raise PortError(f"{path}: a model has no {key}", hint=f'{key} = "..." below [[model]]')
        if Path(model["title"]).name != model["title"] or model["title"].startswith("."):
            raise PortError(f"{path}: the title {model['title']!r} is no file name", hint="name it without /")
    tables = {name: data.get(name, {}) for name in _TABLES}
    for name, fields in _TABLES.items():
        _typed(tables[name], fields, path, name)
    include = _words(tables["source"], "include", path)
    if not include:
        raise PortError(f"{path}: no source", hint='[source] include = ["LICENSE", "package/**"]')
    return Release(
        models=tuple(Model(m["name"], m["title"], m["size"], m.get("weights", "")) for m in models),
        include=include,
        requires=_words(tables["source"], "requires", path),
        scripts=_words(tables["source"], "scripts", path) or ("inference.py",),
        picture=tables["try"].get("picture", ""),
        captions=_words(tables["try"], "captions", path),
        card=data.get("card", {}),
    )


def _typed(table: Any, fields: Mapping[str, type], path: Path, where: str) -> None:
    if not isinstance(table, dict):
        raise PortError(f"{path}: {where} is no table", hint=f"[{where}]")
    _known(table, set(fields), path, f"{where}.")
    for key, kind in fields.items():
        if key in table and not isinstance(table[key], kind):
            raise PortError(f"{path}: {where}.{key} is no {kind.__name__}", hint="fix its value")


def _known(table: Mapping[str, Any], known: set[str], path: Path, where: str) -> None:
    for key in table:
        if key not in known:
            raise PortError(f"{path}: no key {where}{key}", hint=f"one of {', '.join(sorted(known))}")


def _words(table: Mapping[str, Any], key: str, path: Path) -> tuple[str, ...]:
    words = table.get(key, [])
    if not all(isinstance(word, str) for word in words):
        raise PortError(f"{path}: {key} is a list of strings", hint="fix its values")
    return tuple(words)
