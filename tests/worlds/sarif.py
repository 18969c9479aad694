"""The part of SARIF 2.1.0 that npuport writes, as a strict JSON schema."""

from typing import Any


def _object(required: str, **properties: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "additionalProperties": False,
        "required": required.split(),
        "properties": properties,
    }


_TEXT = _object("text", text={"type": "string", "minLength": 1})
_COUNT = {"type": "integer", "minimum": 1}
_PLACE = _object(
    "artifactLocation",
    artifactLocation=_object("uri", uri={"type": "string", "pattern": "^[A-Za-z0-9._~/%-]+$"}),
    region=_object("startLine", startLine=_COUNT, startColumn=_COUNT),
)
#: The part of SARIF 2.1.0 that we write, strictly: names, types and bounds are those of its sections 3.13,
#: 3.14, 3.19, 3.27, 3.29, 3.30 and 3.49.
SCHEMA = _object(
    "version runs $schema",
    **{"$schema": {"type": "string", "format": "uri"}},
    version={"const": "2.1.0"},
    runs={
        "type": "array",
        "minItems": 1,
        "items": _object(
            "tool results",
            tool=_object(
                "driver",
                driver=_object(
                    "name",
                    name={"type": "string", "minLength": 1},
                    semanticVersion={"type": "string", "pattern": r"^\d+\.\d+\.\d+"},
                    rules={
                        "type": "array",
                        "uniqueItems": True,
                        "items": _object(
                            "id",
                            id={"type": "string", "minLength": 1},
                            name={"type": "string"},
                            shortDescription=_TEXT,
                            help=_TEXT,
                        ),
                    },
                ),
            ),
            columnKind={"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
            results={
                "type": "array",
                "items": _object(
                    "message",
                    ruleId={"type": "string"},
                    ruleIndex={"type": "integer", "minimum": 0},
                    level={"enum": ["none", "note", "warning", "error"]},
                    message=_TEXT,
                    locations={"type": "array", "items": _object("", physicalLocation=_PLACE)},
                ),
            },
        ),
    },
)
