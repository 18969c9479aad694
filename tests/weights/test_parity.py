"""Parity on weights that come from a hub: a checkpoint that save_pretrained wrote, served on this machine.

1. upstream, at the pin, saves an excited model of size tiny
2. a hub serves it; `npuport weights pin`
3. `npuport parity --weights hf:...@REVISION` passes, and its results say which weights these were
4. one weight changes on the way: refused by its hash, before anything runs
"""

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import jsonschema
import pytest

from npuport.base.places import HARNESS
from npuport.port.checkout import checkout
from npuport.port.layout import Layout
from worlds.hubserver import HuggingFace, Repository
from worlds.parity import npuport, parity
from worlds.repository import copy_example

pytestmark = pytest.mark.slow

SAVE = """
import sys, torch
from pathlib import Path
from npuport.adapter import load_adapter
sys.modules["torch_npu"] = None
sys.path.insert(0, sys.argv[2])
adapter = load_adapter(Path(sys.argv[1]))
adapter.stand_in()
torch.manual_seed(11)
model = adapter.build("tiny")
adapter.excite(model, 11)
adapter.save(model, Path(sys.argv[3]))
"""


@pytest.fixture(params=["patchtok", pytest.param("vtp", marks=pytest.mark.network)])
def port(request: pytest.FixtureRequest, tmp_path: Path) -> Layout:
    """A copy of a port."""
    layout = Layout(tmp_path / "port")
    if request.param == "patchtok":
        copy_example(layout.root)
    else:
        request.getfixturevalue("vtp")
        shutil.copytree(HARNESS / "patches", layout.patches)
        for name in ("upstream.lock", "adapter.py"):
            shutil.copy(HARNESS / name, layout.root / name)
    return layout


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of the test's own, but for upstream and the built simulator."""
    directory = tmp_path / "cache"
    directory.mkdir()
    common = Path(os.environ.get("NPUPORT_CACHE") or HARNESS / ".cache")
    for path in common.iterdir() if common.is_dir() else ():
        if path.is_dir() and path.name not in ("weights", "captures"):
            (directory / path.name).symlink_to(path.resolve())
    monkeypatch.setenv("NPUPORT_CACHE", str(directory))
    for name in os.environ:
        if re.search("(?i)proxy|^HF_", name):
            monkeypatch.delenv(name)
    return directory


@pytest.fixture
def hub(port: Layout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[HuggingFace]:
    """A hub that holds what upstream saved."""
    saved = tmp_path / "saved"
    command = [sys.executable, "-c", SAVE, str(port.adapter), str(checkout(port)), str(saved)]
    environment = {**os.environ, "PYTHONPATH": str(HARNESS / "tools"), "TORCH_DEVICE_BACKEND_AUTOLOAD": "0"}
    subprocess.run(command, check=True, env=environment)
    hub = HuggingFace(Repository("tester/tiny", {path.name: path.read_bytes() for path in saved.iterdir()}))
    monkeypatch.setenv("HF_ENDPOINT", hub.url)
    yield hub
    hub.stop()


def test_parity_on_a_hubs_weights(cache: Path, port: Layout, hub: HuggingFace, tmp_path: Path) -> None:
    pinned = json.loads(npuport("--port", str(port.root), "weights", "pin", hub.source, "--json").stdout)
    revision = pinned["revision"]
    spec = f"{hub.source}@{revision}"
    found = parity(port.root, tmp_path / "report", "--weights", spec)

    assert found.code == 0, found.stderr
    assert found.results["weights"] == {
        "source": hub.source,
        "revision": revision,
        "digest": pinned["digest"],
    }
    assert {result["size"] for result in found.results["results"]} <= {"weights", None}
    assert found.results["counts"]["pass"] > 0
    assert f"checkpoint `{hub.source}` at `{revision}`" in (tmp_path / "report" / "report.md").read_text()
    [schema] = (HARNESS / "docs").rglob("results.schema.json")
    jsonschema.validate(found.results, json.loads(schema.read_text()))

    # one weight changes on the way
    [name] = [name for name in hub.repository.files if name.endswith(".safetensors")]
    right = hub.repository.files[name]
    changed = right[:-1] + bytes([right[-1] ^ 1])
    commit = hub.repository.commit
    serves = type("Same", (Repository,), {"commit": property(lambda self: commit)})
    hub.repository = serves("tester/tiny", hub.repository.files | {name: changed})
    hub.repository.announced = {name: {"sha256": hashlib.sha256(right).hexdigest()}}
    shutil.rmtree(Path(pinned["path"]).parent)
    before = (tmp_path / "report" / "results.json").read_bytes()
    done = npuport("--port", str(port.root), "parity", "--device", "sim", "--weights", spec)

    assert done.returncode == 1
    both = [hashlib.sha256(data).hexdigest() for data in (changed, right)]
    assert f"{name} is not what is pinned: sha256 {both[0]}, pinned {both[1]}" in done.stderr.splitlines()[-2]
    assert (tmp_path / "report" / "results.json").read_bytes() == before
