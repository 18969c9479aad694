"""JSON of a known shape: dataclasses written as JSON, read back from it, and described by a JSON schema.

    dataclass, TypedDict                 object; its keys are the fields, `pass_` without the underscore
    str, int, float, bool                string, integer, number, boolean
    X | None, X | Y                      null besides; either of the two
    Literal["a", "b"]                    these values only
    tuple[X, ...], list[X]               array
    tuple[X, Y]                          array of these two
    dict[str, X], Mapping[str, X]        object with keys that are data
    Annotated[int, Limit("minimum", 0)]  the type, and one more keyword of the schema
    object                               anything

The description of an object is the first paragraph of its class's docstring; that of a key is its line under
`Args:` there.
"""

import inspect
import math
import re
import types
import typing
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, dataclass, fields, is_dataclass
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin

T = TypeVar("T")

_SIMPLE = {str: "string", int: "integer", float: "number", bool: "boolean", type(None): "null"}


@dataclass(frozen=True)
class Limit:
    """A keyword of JSON schema that a type does not give: `Limit("pattern", "^[0-9a-f]{40}$")`."""

    keyword: Literal["minimum", "minItems", "minProperties", "pattern", "required"]
    value: str | int | tuple[str, ...]

    def holds(self, data: Any) -> bool:
        """Whether a value of the right type is within the limit."""
        match self.keyword, self.value:
            case "minimum", int(least):
                return bool(data >= least)
            case (("minItems" | "minProperties"), int(least)):
                return len(data) >= least
            case "pattern", str(pattern):
                return re.search(pattern, data) is not None
            case "required", tuple(names):
                return set(names) <= set(data)
        raise TypeError(f"{self} cannot be checked")


#: A number of things; a commit or a tree of git, and a SHA-256, in hex.
Count = Annotated[int, Limit("minimum", 0)]
GitId = Annotated[str, Limit("pattern", "^[0-9a-f]{40}$")]
Sha256 = Annotated[str, Limit("pattern", "^[0-9a-f]{64}$")]


@dataclass(frozen=True)
class _Key:
    """A field of a class: its name, its key in JSON, its type, whether JSON must and may hold it."""

    name: str
    key: str
    type: Any
    required: bool
    read: bool = True


def to_json(value: object) -> Any:
    """The plain data of a value: dataclasses and mappings as dicts, tuples and lists as lists."""
    if is_dataclass(value):
        return {key.key: to_json(getattr(value, key.name)) for key in _keys(type(value))}
    if isinstance(value, Mapping):
        return {key: to_json(inner) for key, inner in value.items()}
    return [to_json(inner) for inner in value] if isinstance(value, list | tuple) else value


def finite(value: T) -> T:
    """A plain value with None in place of NaN and infinity, which JSON has not."""

    def converted(inner: object) -> Any:
        if isinstance(inner, float):
            return inner if math.isfinite(inner) else None
        if isinstance(inner, Mapping):
            return {key: converted(item) for key, item in inner.items()}
        return [converted(item) for item in inner] if isinstance(inner, list) else inner

    result: T = converted(value)
    return result


def from_json(cls: type[T], data: object) -> T:
    """The value of a type that JSON's plain data stand for. A field with `init=False` is not read.

    Raises:
        ValueError: the data have another shape; the message names the first key that is wrong.
    """
    value: T = _read(cls, data, "")
    return value


def schema_of(cls: type, title: str) -> dict[str, object]:
    """The JSON schema (draft 2020-12) of a dataclass or a TypedDict."""
    definitions: dict[str, object] = {}
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": title}
    root = _object(cls, definitions)
    return head | root | ({"$defs": dict(sorted(definitions.items()))} if definitions else {})


def _is_object(cls: object) -> bool:
    return isinstance(cls, type) and (is_dataclass(cls) or typing.is_typeddict(cls))


def _keys(cls: type) -> list[_Key]:
    hints = typing.get_type_hints(cls, include_extras=True)
    if not is_dataclass(cls):
        required: frozenset[str] = getattr(cls, "__required_keys__", frozenset())
        return [_Key(name, name, hint, name in required) for name, hint in hints.items()]
    return [
        _Key(
            field.name,
            field.name.removesuffix("_"),
            hints[field.name],
            field.default is MISSING and field.default_factory is MISSING,
            field.init,
        )
        for field in fields(cls)
    ]


def _described(cls: type) -> tuple[str, dict[str, str]]:
    """The first paragraph of a class's docstring, and what `Args:` says of each field."""
    text, _, arguments = (inspect.getdoc(cls) or "").partition("\nArgs:\n")
    items = re.findall(r"^ {4}(\w+): (.+?)(?=^ {4}\w+: |^\S|\Z)", arguments + "\n", re.M | re.S)
    lines = {name: " ".join(words.split()) for name, words in items}
    return " ".join(text.partition("\n\n")[0].split()), {k: v[:1].upper() + v[1:] for k, v in lines.items()}


def _object(cls: type, definitions: dict[str, object]) -> dict[str, object]:
    description, lines = _described(cls)
    keys = _keys(cls)
    typed = not is_dataclass(cls)  # a dataclass always writes all of its fields
    return {
        "description": description,
        "type": "object",
        "additionalProperties": False,
        "required": [key.key for key in keys if key.required or not typed],
        "properties": {
            key.key: _schema(key.type, definitions)
            | ({"description": lines[key.name]} if key.name in lines else {})
            for key in keys
        },
    }


def _schema(hint: Any, definitions: dict[str, object]) -> dict[str, object]:
    origin, arguments = get_origin(hint), get_args(hint)
    if hint is object or hint is Any:
        return {}
    if hint in _SIMPLE:
        return {"type": _SIMPLE[hint]}
    if _is_object(hint):
        if hint.__name__ not in definitions:
            definitions[hint.__name__] = {}  # a class may hold itself
            definitions[hint.__name__] = _object(hint, definitions)
        return {"$ref": f"#/$defs/{hint.__name__}"}
    if origin is Annotated:
        limits: dict[str, object] = {
            limit.keyword: limit.value for limit in arguments[1:] if isinstance(limit, Limit)
        }
        return {**_schema(arguments[0], definitions), **limits}
    if origin in (typing.Required, typing.NotRequired):
        return _schema(arguments[0], definitions)
    if origin is Literal:
        return {"enum": list(arguments)} if len(arguments) > 1 else {"const": arguments[0]}
    if origin in (Union, types.UnionType):
        parts = [_schema(argument, definitions) for argument in arguments]
        if all(part.keys() == {"type"} for part in parts):
            return {"type": [part["type"] for part in parts]}
        return {"anyOf": parts}
    if origin is tuple and arguments[-1] is not Ellipsis:
        items = [_schema(argument, definitions) for argument in arguments]
        return {"type": "array", "prefixItems": items, "items": False, "minItems": len(items)}
    if origin in (tuple, list, Sequence):
        return {"type": "array", "items": _schema(arguments[0], definitions)}
    if origin in (dict, Mapping):
        names = _schema(arguments[0], definitions)
        return {
            "type": "object",
            "additionalProperties": _schema(arguments[1], definitions),
            **({} if names == {"type": "string"} else {"propertyNames": names}),
        }
    raise TypeError(f"{hint!r} has no JSON schema")


def _read(hint: Any, data: object, where: str) -> Any:
    origin, arguments = get_origin(hint), get_args(hint)
    if hint is object or hint is Any:
        return data
    if hint in _SIMPLE:
        if type(data) is hint:
            return data
        if hint is float and type(data) is int:
            return float(data)
    elif _is_object(hint):
        if isinstance(data, Mapping):
            return _read_object(hint, data, where)
    elif origin in (Annotated, typing.Required, typing.NotRequired):
        value = _read(arguments[0], data, where)
        for limit in arguments[1:]:
            if isinstance(limit, Limit) and not limit.holds(value):
                raise ValueError(f"{where or 'it'} breaks {limit.keyword} {limit.value}: {str(data)[:80]!r}")
        return value
    elif origin is Literal:
        if any(type(data) is type(value) and data == value for value in arguments):
            return data
    elif origin in (Union, types.UnionType):
        if data is None and type(None) in arguments:
            return None
        for argument in (argument for argument in arguments if argument is not type(None)):
            try:
                return _read(argument, data, where)
            except ValueError as error:
                wrong = error
        raise wrong
    elif isinstance(data, list | tuple) and origin in (tuple, list, Sequence):
        if origin is tuple and arguments[-1] is not Ellipsis:
            if len(arguments) == len(data):
                pairs = enumerate(zip(arguments, data, strict=True))
                return tuple(_read(argument, inner, f"{where}[{at}]") for at, (argument, inner) in pairs)
        else:
            read = [_read(arguments[0], inner, f"{where}[{at}]") for at, inner in enumerate(data)]
            return tuple(read) if origin is tuple else read
    elif isinstance(data, Mapping) and origin in (dict, Mapping):
        return {
            _read(arguments[0], key, where): _read(arguments[1], inner, f"{where}.{key}".lstrip("."))
            for key, inner in data.items()
        }
    raise ValueError(f"{where or 'it'} is not {_name(hint)}: {str(data)[:80]!r}")


def _read_object(cls: type, data: Mapping[Any, object], where: str) -> Any:
    keys = {key.key: key for key in _keys(cls)}
    path = f"{where}." if where else ""
    for name in [*data, *keys]:
        if name not in keys:
            raise ValueError(f"{path}{name} is unknown")
        if name not in data and keys[name].required and keys[name].read:
            raise ValueError(f"{path}{name} is missing")
    return cls(
        **{
            keys[name].name: _read(keys[name].type, inner, f"{path}{name}")
            for name, inner in data.items()
            if keys[name].read
        }
    )


def _name(hint: Any) -> str:
    if get_origin(hint) is Literal:
        return " or ".join(map(repr, get_args(hint)))
    return getattr(hint, "__name__", str(hint))
