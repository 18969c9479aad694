"""A checkpoint's directory: what counts, whether it is whole; and what `--weights` may name."""

import json
import struct
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from npuport.base.errors import PortError
from npuport.port.layout import Layout
from npuport.weights import resolve
from npuport.weights.checkpoint import counts, digest, measure
from npuport.weights.spec import HubModel, parse


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    found = tmp_path / "trained"
    found.mkdir()
    save_file({"a": np.arange(6.0), "b": np.ones((2, 2), np.float32)}, found / "model.safetensors")
    (found / "config.json").write_text("{}")
    return found


def _resolve(directory: Path) -> None:
    resolve(Layout(directory.parent), str(directory), lambda _: None)


def test_a_directory_is_named_by_its_contents(directory: Path) -> None:
    found = resolve(Layout(directory.parent), str(directory), lambda _: None)
    directory.rename(directory.with_name("moved"))
    moved = resolve(Layout(directory.parent), str(directory.with_name("moved")), lambda _: None)

    assert (found.source, found.revision) == ("trained", None)
    assert moved.digest == found.digest == digest(measure(moved.path))
    (moved.path / "config.json").write_text("{ }")
    assert resolve(Layout(directory.parent), str(moved.path), lambda _: None).digest != found.digest


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ("hf:o/n", HubModel("hf", "o/n")),
        ("modelscope:o/n@v1.0", HubModel("modelscope", "o/n", "v1.0")),
        ("openmind:Own_er/n-a.m.e@refs/pr/1", HubModel("openmind", "Own_er/n-a.m.e", "refs/pr/1")),
        ("some/where", Path("some/where")),
        ("./hf:o/n", Path("hf:o/n")),
        ("C:somewhere", Path("C:somewhere")),
    ],
)
def test_a_spec_names_a_directory_or_a_model(spec: str, expected: Path | HubModel) -> None:
    assert parse(spec) == expected


@pytest.mark.parametrize(
    "spec",
    [
        "hf:",
        "hf:o",
        "hf:o/n/m",
        "hf:../n",
        "hf:o/..",
        "hf:o/n@",
        "hf:o/n@../x",
        "hf:o/n@-x",
        "hf:o/n@a b",
        "hf:-o/n",
    ],
)
def test_a_malformed_spec_is_refused(spec: str) -> None:
    with pytest.raises(PortError, match="is not a"):
        parse(spec)


def test_only_tensors_and_json_count() -> None:
    assert [
        name
        for name in ("model.safetensors", "model.safetensors.index.json", "config.json")
        if not counts(name)
    ] == []
    never = (
        "pytorch_model.bin",
        "a.pt",
        "a.pth",
        "a.ckpt",
        "modeling.py",
        "README.md",
        "sub/model.safetensors",
        ".x.json",
    )
    assert [name for name in never if counts(name)] == []


def _header(header: object, data: bytes = b"") -> bytes:
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


_ONE = {"a": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "truncated, or not a header"),
        (b"\x08\0\0", "truncated, or not a header"),
        (struct.pack("<Q", 1 << 40) + b"{}", "truncated, or not a header"),
        (struct.pack("<Q", 4) + b"nope", "does not have the format's shape"),
        (_header([1]), "does not have the format's shape"),
        (_header({"a": 1}), "does not have the format's shape"),
        (_header(_ONE), "4 bytes of tensors, the file has 0"),
        (_header(_ONE, b"12345"), "4 bytes of tensors, the file has 5"),
        (_header({"a": _ONE["a"], "b": _ONE["a"]}, b"1234"), "overlap or leave a gap"),
        (_header({"a": _ONE["a"] | {"data_offsets": [4, 8]}}, b"12345678"), "overlap or leave a gap"),
        (b"\x80\x04\x95" + bytes(40), "truncated, or not a header"),
    ],
    ids=[
        "empty",
        "short",
        "endless",
        "no JSON",
        "a list",
        "no offsets",
        "truncated",
        "longer",
        "overlap",
        "gap",
        "a pickle",
    ],
)
def test_a_corrupt_file_is_refused_by_name(directory: Path, data: bytes, said: str) -> None:
    (directory / "model.safetensors").write_bytes(data)

    with pytest.raises(PortError, match=r"model\.safetensors is not a complete checkpoint file.*" + said):
        _resolve(directory)


@pytest.mark.parametrize(
    ("index", "said"),
    [
        ({"weight_map": {"a": "gone.safetensors"}}, "names 'gone.safetensors', which is missing"),
        ({"weight_map": {"a": "../../model.safetensors"}}, "which is missing"),
        ({"weight_map": {"c": "model.safetensors"}}, "places 'c' in model.safetensors"),
        ({}, "the weight_map is missing"),
    ],
    ids=["missing shard", "outside", "missing tensor", "no map"],
)
def test_an_index_must_fit_its_shards(directory: Path, index: object, said: str) -> None:
    (directory / "model.safetensors.index.json").write_text(json.dumps(index))

    with pytest.raises(PortError, match=said):
        _resolve(directory)


def test_a_directory_of_pickles_is_refused(tmp_path: Path) -> None:
    (tmp_path / "pytorch_model.bin").write_bytes(b"x")

    with pytest.raises(
        PortError, match=r"no \.safetensors file, but pytorch_model\.bin, and pickles run code"
    ):
        _resolve(tmp_path)


def test_of_a_clone_only_what_counts_is_seen(
    directory: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NPUPORT_CACHE", str(tmp_path / "cache"))
    alone = resolve(Layout(tmp_path), str(directory), lambda _: None)
    (directory / ".git").mkdir()
    (directory / "modeling.py").write_text("raise SystemExit")
    (directory / "pytorch_model.bin").write_bytes(b"x")
    found = resolve(Layout(tmp_path), str(directory), lambda _: None)

    assert (found.source, found.digest) == (alone.source, alone.digest)
    assert {path.name for path in found.path.iterdir()} == {"config.json", "model.safetensors"}
    assert (found.path / "config.json").read_text() == "{}"
    assert resolve(Layout(tmp_path), str(directory), lambda _: None) == found
