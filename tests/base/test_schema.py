"""JSON of a known shape: written, read back, and described by a schema that says the same."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal, NotRequired, TypedDict

import jsonschema
import pytest

from npuport.base.schema import Limit, finite, from_json, schema_of, to_json

Count = Annotated[int, Limit("minimum", 0)]


@dataclass(frozen=True)
class Part:
    """One part.

    Args:
        name: of the part, which may
            take two lines.
        pass_: a key that is a word of Python's.
        loud: follows from the name.
    """

    name: str
    pass_: float | None = None
    loud: bool = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "loud", self.name.isupper())


class Extra(TypedDict):
    """More of it."""

    size: Count
    note: NotRequired[str]


@dataclass(frozen=True)
class Whole:
    """A file of
    parts.

    More is not described.

    Args:
        schema: version of this shape.
        parts: a part each.
    """

    schema: Literal[1]
    kind: Literal["one", "two"]
    parts: tuple[Part, ...]
    main: Part | None
    span: tuple[int, float] | None
    counts: Mapping[str, Count]
    by_kind: dict[Literal["one", "two"], list[str]]
    extra: Extra
    rest: object = None


WHOLE = Whole(
    schema=1,
    kind="two",
    parts=(Part("a", 0.5), Part("B")),
    main=None,
    span=(1, 2.0),
    counts={"x": 3},
    by_kind={"one": ["y"]},
    extra={"size": 2},
    rest=[1, {"z": None}],
)
DATA: dict[str, Any] = {
    "schema": 1,
    "kind": "two",
    "parts": [{"name": "a", "pass": 0.5, "loud": False}, {"name": "B", "pass": None, "loud": True}],
    "main": None,
    "span": [1, 2.0],
    "counts": {"x": 3},
    "by_kind": {"one": ["y"]},
    "extra": {"size": 2},
    "rest": [1, {"z": None}],
}
SCHEMA = schema_of(Whole, "whole.json")

WRONG = {
    "another constant": ({"schema": 2}, "schema is not 1: '2'"),
    "another word": ({"kind": "three"}, "kind is not 'one' or 'two': 'three'"),
    "a boolean for a constant": ({"schema": True}, "schema is not 1: 'True'"),
    "text for a list": ({"parts": "ab"}, "parts is not "),
    "a key missing": ({"parts": [{"pass": None, "loud": True}]}, "parts[0].name is missing"),
    "a key too many": ({"main": {"name": "a", "pass": None, "loud": False, "b": 1}}, "main.b is unknown"),
    "null for text": (
        {"parts": [{"name": None, "pass": None, "loud": True}]},
        "parts[0].name is not str: 'None'",
    ),
    "a list too short": ({"span": [1]}, "span is not "),
    "a fraction for a number of things": ({"counts": {"x": 0.5}}, "counts.x is not int: '0.5'"),
    "an unknown key of data": ({"by_kind": {"three": []}}, "by_kind is not 'one' or 'two': 'three'"),
    "a wrong note": ({"extra": {"size": 1, "note": 2}}, "extra.note is not str: '2'"),
}


def test_written_read_and_described() -> None:
    assert to_json(WHOLE) == DATA
    assert from_json(Whole, DATA) == WHOLE
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    jsonschema.validate(DATA, SCHEMA)


@pytest.mark.parametrize(("change", "message"), WRONG.values(), ids=WRONG)
def test_another_shape_is_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError) as caught:
        from_json(Whole, DATA | change)
    assert message in str(caught.value)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(DATA | change, SCHEMA)


def test_a_limit_holds_in_the_schema_and_when_read() -> None:
    low = DATA | {"counts": {"x": -1}}
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(low, SCHEMA)
    with pytest.raises(ValueError, match=r"counts\.x breaks minimum 0: '-1'"):
        from_json(Whole, low)


@pytest.mark.parametrize(
    ("limit", "good", "bad"),
    [
        (Limit("minimum", 1), 1, 0),
        (Limit("minItems", 1), [1], []),
        (Limit("minProperties", 2), {"a": 1, "b": 2}, {"a": 1}),
        (Limit("pattern", "^[0-9]+$"), "12", "1x"),
        (Limit("required", ("a",)), {"a": 1, "b": 2}, {"b": 2}),
    ],
    ids=lambda value: value.keyword if isinstance(value, Limit) else "",
)
def test_a_limit(limit: Limit, good: object, bad: object) -> None:
    assert limit.holds(good)
    assert not limit.holds(bad)


def test_descriptions_are_the_docstrings() -> None:
    properties: Any = SCHEMA["properties"]
    part: Any = SCHEMA["$defs"]
    assert SCHEMA["title"] == "whole.json"
    assert SCHEMA["description"] == "A file of parts."
    assert properties["schema"] == {"const": 1, "description": "Version of this shape."}
    assert properties["parts"]["items"] == {"$ref": "#/$defs/Part"}
    assert "description" not in properties["main"]
    assert part["Part"]["properties"]["name"]["description"] == "Of the part, which may take two lines."
    assert part["Part"]["required"] == ["name", "pass", "loud"]
    assert part["Extra"]["required"] == ["size"]


def test_what_json_has_not_becomes_null() -> None:
    assert finite({"a": [1.5, float("nan")], "b": float("inf"), "c": "x"}) == {
        "a": [1.5, None],
        "b": None,
        "c": "x",
    }


def test_a_type_without_json_is_refused() -> None:
    @dataclass
    class Odd:
        path: bytes

    with pytest.raises(TypeError, match="has no JSON schema"):
        schema_of(Odd, "odd")
