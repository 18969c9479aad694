"""Strict files: a YAML or TOML text as an instance of a dataclass, by OmegaConf's structured configs.

A key that is unknown, missing or written twice is an error. No value is converted, nothing is interpolated.
An error names the file, the key, and in YAML the line.
"""

import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields, is_dataclass
from keyword import iskeyword
from typing import Any, Generic, TypeVar, get_args, get_origin, get_type_hints

import yaml  # type: ignore[import-untyped, unused-ignore]
from omegaconf import OmegaConf
from omegaconf.errors import ConfigKeyError, MissingMandatoryValue, OmegaConfBaseException

from npuport.base.errors import PortError

T = TypeVar("T")
#: Makes the error for a key, `a.b[0].c`, and what is wrong with it.
KeyFault = Callable[[str, str], PortError]

_NAMES = {str: "text in quotes", int: "a whole number", list: "a list", dict: "a mapping"}


@dataclass(frozen=True)
class Document(Generic[T]):
    """A file's contents, and the function that makes the error for one of its keys."""

    value: T
    fault: KeyFault


def read_yaml(text: str, kind: type[T], where: str, hint: str) -> Document[T]:
    """Read a YAML text.

    Args:
        text: the file's text.
        kind: a dataclass; its fields are the keys, those without a default are required.
        where: the file's name in errors.
        hint: of every error.

    Raises:
        PortError: it is not YAML, or has another shape.
    """
    lines: dict[str, int] = {}

    def fault(key: str, problem: str) -> PortError:
        known = key
        while known and known not in lines:  # a missing key has the line of its mapping
            known = known[: max(known.rfind("."), known.rfind("["), 0)]
        return _fault(where, lines.get(known), key, problem, hint)

    try:
        loader = yaml.SafeLoader(text)
        node = loader.get_single_node()
        for key, number in _lines(node, "", set()):
            if key in lines:
                raise _fault(where, number, key, "is a duplicate key", hint)
            lines[key] = number
        data = loader.construct_document(node) if node else None
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else None
        raise _fault(where, line, "", error.problem or "not YAML", hint) from error
    except (yaml.YAMLError, ValueError) as error:
        raise _fault(where, None, "", f"not YAML: {str(error).splitlines()[0]}", hint) from error
    return Document(_instance(kind, data, "", fault), fault)


def read_toml(text: str, kind: type[T], where: str, hint: str) -> Document[T]:
    """Read a TOML text; see `read_yaml`. A key that is a Python keyword, `try`, is the field `try_`."""

    def fault(key: str, problem: str) -> PortError:
        return _fault(where, None, key, problem, hint)

    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise fault("", str(error)) from error
    return Document(_instance(kind, data, "", fault), fault)


def _fault(where: str, line: int | None, key: str, problem: str, hint: str) -> PortError:
    place = f"{where}, line {line}" if line else where
    return PortError(": ".join([place, f"{key} {problem}" if key else problem]), hint=hint)


def _lines(node: Any, key: str, seen: set[int]) -> Iterator[tuple[str, int]]:
    """Every key below a YAML node, and its line."""
    if not isinstance(node, yaml.CollectionNode):
        return
    if id(node) in seen:  # it may hold itself
        raise yaml.MarkedYAMLError(problem="an alias has no meaning here", problem_mark=node.start_mark)
    seen.add(id(node))
    for number, entry in enumerate(node.value):
        name, value = entry if isinstance(node, yaml.MappingNode) else (entry, entry)
        inner = _join(key, name.value) if name is not value else f"{key}[{number}]"
        yield inner, name.start_mark.line + 1
        yield from _lines(value, inner, seen)


def _join(key: str, name: object) -> str:
    return f"{key}.{name}" if key else str(name)


def _instance(kind: type[T], data: object, key: str, fault: KeyFault) -> T:
    """Data as an instance of a dataclass; nested ones are made first, so that an error has its full key."""
    if not isinstance(data, dict) or not (data or key):
        raise fault(key, "is not a mapping") if key else fault("", "holds no keys")
    hints = get_type_hints(kind)
    values: dict[str, object] = {}
    for written, value in data.items():
        name, inner = f"{written}_" if iskeyword(str(written)) else str(written), _join(key, written)
        hint = hints.get(name)
        element = next(iter(get_args(hint)), None)
        if isinstance(hint, type) and is_dataclass(hint):
            value = _instance(hint, value, inner, fault)
        elif isinstance(element, type) and is_dataclass(element) and isinstance(value, list):
            value = [_instance(element, one, f"{inner}[{i}]", fault) for i, one in enumerate(value)]
        elif hint and not _fits(value, hint):
            raise fault(inner, f"is not {_name(hint)}: {str(value)[:80]!r}")
        elif "${" in repr(value):  # OmegaConf would read this machine's environment
            raise fault(inner, "holds `${`, which has no meaning here")
        values[name] = value
    try:
        config = OmegaConf.merge(OmegaConf.structured(kind), values)
        return OmegaConf.to_object(config)  # type: ignore[return-value]
    except ConfigKeyError as error:
        known = ", ".join(field.name.rstrip("_") for field in fields(kind))  # type: ignore[arg-type]
        raise fault(_join(key, error.full_key), f"is unknown; the keys are {known}") from error
    except MissingMandatoryValue as error:
        raise fault(_join(key, error.full_key), "is missing") from error
    except (OmegaConfBaseException, TypeError, ValueError) as error:
        raise fault(key, str(error).splitlines()[0]) from error


def _fits(value: object, hint: Any) -> bool:
    """Whether a value is of a type as it stands; OmegaConf would convert a number into text."""
    if get_origin(hint) is list:
        return isinstance(value, list) and all(_fits(one, get_args(hint)[0]) for one in value)
    return type(value) is (get_origin(hint) or hint)


def _name(hint: Any) -> str:
    inner = f" of {_NAMES[get_args(hint)[0]]}" if get_args(hint)[:1] == (str,) else ""
    return _NAMES.get(get_origin(hint) or hint, "of its type") + (inner if get_origin(hint) is list else "")
