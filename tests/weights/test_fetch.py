"""What is our own work behind the hubs' clients, on one of them."""

import json
import os
import tempfile
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save

from npuport.base.errors import PortError
from npuport.port.layout import Layout
from npuport.weights import resolve
from npuport.weights.pin import pin, verify
from worlds.hub import TENSORS, Start, silent
from worlds.hubserver import HuggingFace, OpenMind

pytest.importorskip("modelscope_hub", reason="modelscope_hub is not installed: pip install -e .[hubs]")
pytest.importorskip("openmind_hub", reason="openmind_hub is not installed: pip install -e .[hubs]")


def test_what_is_not_pinned_is_refused(start: Start, layout: Layout) -> None:
    hub = start(HuggingFace)
    with pytest.raises(PortError, match=r"is not in weights\.lock") as caught:
        resolve(layout, hub.source, silent)
    assert caught.value.hint == f"npuport weights pin {hub.source}"

    pin(layout, hub.source, None, silent)
    with pytest.raises(PortError, match=r"is not what weights\.lock pins, main at"):
        resolve(layout, f"{hub.source}@{'0' * 40}", silent)


def test_a_branch_that_moves_does_not_move_the_pin(start: Start, layout: Layout) -> None:
    hub = start(HuggingFace)
    old = pin(layout, hub.source, None, silent)
    hub.repository.files["config.json"] = b'{"depth": 3}'

    assert resolve(layout, hub.source, silent).revision == old.pinned.revision
    new = pin(layout, hub.source, None, silent)
    assert new.before == old.pinned
    assert resolve(layout, hub.source, silent).revision == new.pinned.revision == hub.repository.commit


@pytest.mark.parametrize(
    ("files", "said"),
    [
        (
            {"pytorch_model.bin": b"x" * 9, "config.json": b"{}"},
            r"no \.safetensors .* it has pytorch_model\.bin",
        ),
        ({"unet/model.safetensors": TENSORS}, r"no \.safetensors .* it has unet/model\.safetensors"),
        ({"model.safetensors": TENSORS, "../evil.json": b"{}"}, r"lists an impossible file name"),
        ({"model.safetensors": TENSORS, "/etc/evil.json": b"{}"}, r"lists an impossible file name"),
        ({"model.safetensors": TENSORS, "a\\..\\evil.json": b"{}"}, r"lists an impossible file name"),
        ({"model.safetensors": TENSORS[:-9]}, r"model\.safetensors is not a complete checkpoint file"),
        (
            {"model.safetensors": b"\x80\x04" + TENSORS},
            r"model\.safetensors is not a complete checkpoint file",
        ),
        (
            {
                "a.safetensors": TENSORS,
                "model.safetensors.index.json": b'{"weight_map": {"w": "b.safetensors"}}',
            },
            r"names 'b\.safetensors', which the repository lacks",
        ),
        ({"a.safetensors": TENSORS, "model.safetensors.index.json": b"[]"}, "has no weight_map"),
    ],
    ids=[
        "pickles",
        "below",
        "traversal",
        "absolute",
        "backslash",
        "truncated",
        "no header",
        "missing shard",
        "no map",
    ],
)
def test_a_repository_that_holds_no_whole_checkpoint_is_refused(
    start: Start, layout: Layout, tmp_path: Path, files: dict[str, bytes], said: str
) -> None:
    hub = start(HuggingFace, files)

    with pytest.raises(PortError, match=said):
        pin(layout, hub.source, None, silent)
    assert not layout.weights_lock.exists()
    assert [path for path in tmp_path.rglob("*") if path.suffix == ".bin" or path.name == "evil.json"] == []
    assert "complete" in said or not any(path.endswith(".safetensors") for path, _ in hub.contents_asked())


def test_of_shards_those_that_the_index_names_are_fetched(start: Start, layout: Layout) -> None:
    shards = {f"model-{n}-of-2.safetensors": save({f"w{n}": np.ones(n)}) for n in (1, 2)}
    index = {"weight_map": {f"w{n}": f"model-{n}-of-2.safetensors" for n in (1, 2)}}
    hub = start(
        HuggingFace,
        shards
        | {
            "model.safetensors.index.json": json.dumps(index).encode(),
            "fp16-1-of-1.safetensors": save({"w1": np.zeros(1)}),
        },
    )
    done = pin(layout, hub.source, None, silent)

    assert {file.name for file in done.pinned.files} == {*shards, "model.safetensors.index.json"}
    assert resolve(layout, hub.source, silent).digest == done.pinned.digest


def test_a_cached_file_that_was_touched_is_noticed(start: Start, layout: Layout) -> None:
    hub = start(HuggingFace)
    found = pin(layout, hub.source, None, silent).path / "model.safetensors"
    before = found.stat()
    found.chmod(0o644)
    found.write_bytes(TENSORS[:-1] + b"\1")

    with pytest.raises(PortError, match="is not what is pinned: sha256") as caught:
        resolve(layout, hub.source, silent)
    assert caught.value.hint.startswith(f"rm -rf {found.parent.parent}")

    # its time put back: only hashing finds it, and `verify` hashes
    os.utime(found, ns=(before.st_atime_ns, before.st_mtime_ns))
    resolve(layout, hub.source, silent)
    assert "is not what is pinned" in verify(layout, silent)[hub.source]

    # only touched: hashed once, then known again
    found.write_bytes(TENSORS)
    resolve(layout, hub.source, silent)
    assert verify(layout, silent) == {hub.source: "good"}
    (found.parent / "extra.json").write_text("{}")
    with pytest.raises(PortError, match=r"extra\.json does not belong to the checkpoint"):
        resolve(layout, hub.source, silent)


@pytest.mark.slow
def test_a_server_that_ignores_ranges_is_no_harm(start: Start, layout: Layout) -> None:
    large = save({"w": np.zeros(3_200_000)})
    hub = start(HuggingFace, {"model.safetensors": large})
    faults = hub.faults
    faults.drop_after, faults.drops, faults.dropped_status = 22_000_000, 1, 404
    with pytest.raises(PortError):
        pin(layout, hub.source, None, silent)

    faults.drop_after, faults.ignore_range = None, True
    assert (pin(layout, hub.source, None, silent).path / "model.safetensors").read_bytes() == large


def test_offline_is_honoured(start: Start, layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    hub = start(HuggingFace)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")

    with pytest.raises(PortError, match="HF_HUB_OFFLINE forbids"):
        pin(layout, hub.source, None, silent)
    assert hub.asked == []


def test_a_missing_client_is_one_line(
    start: Start, layout: Layout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "without").mkdir()
    (tmp_path / "without" / "openmind_hub.py").write_text(
        "raise ModuleNotFoundError('No module named openmind_hub')"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "without"))
    hub = start(OpenMind)

    with pytest.raises(PortError, match="openmind_hub is not installed") as caught:
        pin(layout, hub.source, None, silent)
    assert caught.value.hint == "pip install openmind_hub"


def test_a_small_file_that_changes_on_the_way_is_refused_too(start: Start, layout: Layout) -> None:
    hub = start(HuggingFace)
    hub.repository.announced = {"config.json": {"blob": "0" * 40}}

    with pytest.raises(
        PortError, match=f"config.json is not what the hub announces: git id .*, announced {'0' * 40}"
    ):
        pin(layout, hub.source, None, silent)


def test_a_hub_that_never_answers_is_not_waited_for(
    start: Start, layout: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub = start(HuggingFace)
    hub.faults.silent = True
    monkeypatch.setenv("HF_HUB_DOWNLOAD_TIMEOUT", "1")

    with pytest.raises(PortError, match="Hugging Face cannot be reached"):
        pin(layout, hub.source, None, silent)
    hub.release()


def test_a_cache_that_a_client_refuses_is_one_line(
    start: Start, layout: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub = start(OpenMind)
    done = pin(layout, hub.source, None, silent)
    with tempfile.TemporaryDirectory(dir="/var/tmp") as directory:
        monkeypatch.setenv("NPUPORT_CACHE", directory)
        with pytest.raises(PortError, match="openmind_hub does not write to /var/tmp") as caught:
            resolve(layout, hub.source, silent)
    assert "NPUPORT_CACHE" in caught.value.hint
    assert done.path.is_dir()
