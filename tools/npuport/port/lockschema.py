"""The structured schema of `upstream.lock`, and its reading with OmegaConf (imported late: 100 ms)."""

from dataclasses import dataclass, field
from typing import Any

import yaml  # type: ignore[import-untyped, unused-ignore]
from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException

from npuport.base.errors import PortError


@dataclass
class _Upstream:
    url: str
    branch: str
    commit: str
    tree: str = ""


@dataclass
class _License:
    file: str = "LICENSE"
    sha256: str = ""


@dataclass
class _Patch:
    name: str
    sha256: str


@dataclass
class _Series:
    digest: str = ""
    patches: list[_Patch] = field(default_factory=list)


@dataclass
class _Ported:
    commit: str = ""
    tree: str = ""


@dataclass
class _Lock:
    format: int
    upstream: _Upstream
    license: _License = field(default_factory=_License)
    series: _Series = field(default_factory=_Series)
    ported: _Ported = field(default_factory=_Ported)


def load(text: str, where: str) -> dict[str, Any]:
    """The fields of a lock, as nested dicts with every key there, of the right types, nothing interpolated.

    Raises:
        PortError: not YAML, a key unknown, twice or missing, or a value of the wrong type.
    """
    hint = f"correct {where}, or take it back from version control"
    for number, line in enumerate(text.splitlines(), 1):
        if "${" in line:  # OmegaConf would put something of this machine there
            raise PortError(f"{where}, line {number}: `${{` has no meaning in a lock", hint=hint)
    try:
        written = OmegaConf.create(text)
        if not OmegaConf.is_dict(written) or not written:
            raise PortError(f"{where} holds no keys", hint=hint)
        merged = OmegaConf.merge(OmegaConf.structured(_Lock), written)
        fields: Any = OmegaConf.to_container(merged, throw_on_missing=True)
        _check_strings(OmegaConf.to_container(written), "", where)
    except yaml.MarkedYAMLError as error:
        line_number = error.problem_mark.line + 1 if error.problem_mark else 1
        raise PortError(f"{where}, line {line_number}: {error.problem or 'not YAML'}", hint=hint) from error
    except OmegaConfBaseException as error:
        key = f", {error.full_key}" if error.full_key else ""
        raise PortError(f"{where}{key}: {str(error).splitlines()[0]}", hint=hint) from error
    except (yaml.YAMLError, ValueError) as error:
        raise PortError(f"{where} is not YAML: {str(error).splitlines()[0]}", hint=hint) from error
    return dict(fields)


def _check_strings(value: Any, key: str, where: str) -> None:
    """Refuse a number where text belongs: YAML has then already read an id as something else."""
    if isinstance(value, dict):
        for name, inner in value.items():
            _check_strings(inner, f"{key}.{name}" if key else str(name), where)
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            _check_strings(inner, f"{key}[{number}]", where)
    elif not isinstance(value, str) and key != "format":
        raise PortError(f"{where}, {key}: {value!r} is not text", hint=f"put the value of {key} into quotes")
