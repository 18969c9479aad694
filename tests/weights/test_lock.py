"""`weights.lock`: strict, documented, the same bytes for the same weights."""

import json
import re
from pathlib import Path

import jsonschema
import pytest
import yaml

from npuport.base.errors import PortError
from npuport.base.places import HARNESS
from npuport.weights.checkpoint import HashedFile
from npuport.weights.lock import Pinned, format_lock, parse_lock
from npuport.weights.spec import HubModel

ONE = Pinned(
    HubModel("hf", "owner/name", "1" * 40),
    "main",
    (HashedFile("config.json", 2, "a" * 64), HashedFile("model.safetensors", 1 << 33, "b" * 64)),
)
TWO = Pinned(
    HubModel("openmind", "owner/name", "2e10" * 10),
    "refs/pr/1",
    (HashedFile("model.safetensors", 8, "c" * 64),),
)
TEXT = format_lock([TWO, ONE])


def test_what_is_written_is_read() -> None:
    assert parse_lock(TEXT) == {"hf:owner/name": ONE, "openmind:owner/name": TWO}
    assert format_lock(parse_lock(TEXT).values()) == TEXT == format_lock([ONE, TWO])
    assert parse_lock(format_lock([])) == {}


def test_the_schema_documents_it() -> None:
    [path] = (HARNESS / "docs").rglob("weights.schema.json")
    schema = json.loads(path.read_text())
    jsonschema.Draft202012Validator.check_schema(schema)

    jsonschema.validate(yaml.safe_load(TEXT), schema)
    broken = yaml.safe_load(TEXT)
    broken["weights"][0]["files"][0]["sha256"] = "no"
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(broken, schema)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("format: 1", "format: 2", "format 2, this npuport reads 1"),
        ("    ref:", "    branch:", "line 5: weights[0].branch is unknown; the keys are source, ref,"),
        ('    ref: "main"', '    ref: "main"\n    ref: "main"', "line 6: weights[0].ref is a duplicate key"),
        ('    ref: "main"\n', "", "line 4: weights[0].ref is missing"),
        ('"hf:owner/name"', '"owner/name"', "line 4: weights[0].source is not HUB:OWNER/NAME: 'owner/name'"),
        ('"hf:owner/name"', '"hf:owner/../name"', "line 4: weights[0].source hf:owner/../name: "),
        ('"openmind:owner/name"', '"hf:owner/name"', "line 15: weights[1] is listed twice: hf:owner/name"),
        (f'"{"1" * 40}"', "1" * 40, "line 6: weights[0].revision is not text in quotes: '1111"),
        (f'"{"1" * 40}"', '"1111111"', "line 6: weights[0].revision is not a full commit id"),
        ("size: 2", 'size: "2"', "line 10: weights[0].files[0].size is not a whole number: '2'"),
        ("size: 2", "size: -2", "line 10: weights[0].files[0].size is not a size: -2"),
        ("size: 2", "size: 3", "line 7: weights[0].digest is not the digest of the files"),
        ("a" * 64, "a" * 63, "line 11: weights[0].files[0].sha256 is not a sha256"),
        ('"config.json"', '"../config.json"', "line 9: weights[0].files[0].name is not a checkpoint's file"),
        ('"config.json"', '"weights.bin"', "line 9: weights[0].files[0].name is not a checkpoint's file"),
        ("weights:", "weights: [", "line 4"),
        (TEXT, "", "holds no keys"),
        (TEXT, "just text", "holds no keys"),
    ],
)
def test_a_malformed_lock_is_refused_by_line(old: str, new: str, message: str) -> None:
    assert old in TEXT

    with pytest.raises(PortError, match=re.escape(message)):
        parse_lock(TEXT.replace(old, new, 1))


@pytest.mark.parametrize(
    ("revision", "means"),
    [
        (None, True),
        ("main", True),
        ("1" * 40, True),
        ("1" * 7, True),
        ("1" * 6, False),
        ("2" * 40, False),
        ("dev", False),
    ],
)
def test_a_revision_is_the_pinned_one_or_not(revision: str | None, means: bool) -> None:
    assert ONE.means(revision) is means


def test_a_lock_that_is_not_text_is_refused(tmp_path: Path) -> None:
    from npuport.weights.lock import read

    (tmp_path / "weights.lock").write_bytes(b"\xff\xfe")
    with pytest.raises(PortError, match="is not UTF-8"):
        read(tmp_path / "weights.lock")
    assert read(tmp_path / "none.lock") == {}
