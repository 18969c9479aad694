"""Three hubs, each through its own real client, against a server on this machine.

What holds of all three is tested on all three; what is our own work behind them, on one.
"""

import hashlib
import json
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save

from hubs.hubserver import Hub, HuggingFace, ModelScope, OpenMind, Repository
from npuport.errors import PortError
from npuport.layout import Layout
from npuport.weights import resolve
from npuport.weights.pin import pin, verify

pytest.importorskip("modelscope_hub", reason="modelscope_hub is not installed: pip install -e .[hubs]")
pytest.importorskip("openmind_hub", reason="openmind_hub is not installed: pip install -e .[hubs]")

CONFIG, TENSORS = b'{"depth": 2}', save({"w": np.arange(9000.0)})
FILES = {
    "config.json": CONFIG,
    "model.safetensors": TENSORS,
    "pytorch_model.bin": b"a pickle",
    "modeling.py": b"raise SystemExit('remote code')",
    "onnx/config.json": b"{}",
    "README.md": b"# A model",
}
#: What a client may ask besides: whether there is such a model.
INFO = re.compile(r"^/api/v1/model/tester/tiny\?ref=main$")

Start = Callable[..., Hub]


@pytest.fixture
def start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Start]:
    """Starts hubs, which the clients of this test find, and nothing else."""
    running: list[Hub] = []
    monkeypatch.setenv("NPUPORT_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    for name in os.environ:
        if re.search(r"(?i)proxy|^HF_|^HUGGING|^MODELSCOPE|^OPENMIND|^XDG_|CA_BUNDLE", name):
            monkeypatch.delenv(name)
    # a request that misses the test's hub fails at once, and nothing waits long to try again
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("MODELSCOPE_DOWNLOAD_MAX_RETRIES", "1")

    def begin(kind: type[Hub], files: dict[str, bytes] = FILES) -> Hub:
        repository = Repository("tester/tiny", dict(files))
        hub = OpenMind(repository, tmp_path / "tls") if kind is OpenMind else kind(repository)
        running.append(hub)
        for name, value in hub.environment().items():
            monkeypatch.setenv(name, value)
        return hub

    yield begin
    for hub in running:
        hub.stop()


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    (tmp_path / "port").mkdir()
    return Layout(tmp_path / "port")


every_hub = pytest.mark.parametrize("kind", [HuggingFace, ModelScope, OpenMind], ids=lambda kind: kind.hub)
every_hub_in_time = pytest.mark.parametrize(
    "kind",
    [HuggingFace, *(pytest.param(kind, marks=pytest.mark.slow) for kind in (ModelScope, OpenMind))],
    ids=lambda kind: kind.hub,
)


def silent(_: str) -> None:
    """Progress."""


@every_hub
def test_a_branch_is_pinned_fetched_and_then_needs_no_network(
    kind: type[Hub], start: Start, layout: Layout
) -> None:
    hub = start(kind)
    hub.faults.redirect = True
    done = pin(layout, hub.source, None, silent)

    assert done.pinned.revision == hub.repository.commit
    assert [file.name for file in done.pinned.files] == ["config.json", "model.safetensors"]
    asked = {
        re.split(r"[/=]", path.partition("&elsewhere")[0].partition("?elsewhere")[0])[-1]
        for path, _ in hub.contents_asked()
    }
    assert asked == {"config.json", "model.safetensors"}
    about = re.compile(r"/tester/tiny(/|\?|$)")
    assert [path for method, path, _ in hub.asked if method != "CONNECT" and not about.search(path)] == []
    hosts = {path for method, path, _ in hub.asked if method == "CONNECT"}
    assert hosts <= {"modelers.cn:443", "cdn.modelers.cn:443"}

    hub.stop()
    before = len(hub.asked)
    found = resolve(layout, hub.source, silent)
    assert (found.path / "model.safetensors").read_bytes() == TENSORS
    assert {path.name for path in found.path.iterdir()} == {"config.json", "model.safetensors"}
    assert (found.source, found.revision, found.digest) == (
        hub.source,
        done.pinned.revision,
        done.pinned.digest,
    )
    assert resolve(layout, str(found.path), silent).digest == found.digest
    assert resolve(layout, f"{hub.source}@{done.pinned.revision}", silent) == found
    assert len(hub.asked) == before
    assert layout.weights_lock.read_text().count("sha256") == 2


@pytest.mark.slow
@every_hub
def test_an_interrupted_download_goes_on_where_it_was(kind: type[Hub], start: Start, layout: Layout) -> None:
    large = save({"w": np.zeros(3_200_000)})  # the clients write ten megabytes at a time
    hub = start(kind, {"config.json": CONFIG, "model.safetensors": large})
    faults = hub.faults
    faults.drop_after, faults.drops, faults.dropped_status = 22_000_000, 1, 404
    with pytest.raises(PortError):
        pin(layout, hub.source, None, silent)
    assert not layout.weights_lock.exists()

    faults.drop_after = None
    hub.asked.clear()
    said: list[str] = []
    done = pin(layout, hub.source, None, said.append)

    ranges = [headers.get("Range", "") for path, headers in hub.contents_asked() if "safetensors" in path]
    assert len(ranges) == 1
    assert int(re.findall(r"\d+", ranges[0])[0]) >= 10_000_000
    assert "MB of it here already" in "".join(said)
    assert (done.path / "model.safetensors").read_bytes() == large
    assert [path.name for path in done.path.parent.parent.iterdir() if path.name.endswith(".part")] == []


@every_hub_in_time
def test_what_is_not_what_it_should_be_is_refused_with_both_hashes(
    kind: type[Hub], start: Start, layout: Layout
) -> None:
    hub = start(kind)
    right = hashlib.sha256(TENSORS).hexdigest()
    changed = TENSORS[:-1] + b"\1"
    wrong = hashlib.sha256(changed).hexdigest()
    done = pin(layout, hub.source, None, silent)
    shutil.rmtree(done.path.parent)
    commit = hub.repository.commit
    serves = type("Same", (Repository,), {"commit": property(lambda self: commit)})

    # on the way: the hub announces what is pinned, other bytes come
    hub.repository = serves("tester/tiny", FILES | {"model.safetensors": changed})
    hub.repository.announced = {"model.safetensors": {"sha256": right}}
    with pytest.raises(
        PortError, match=f"model.safetensors is not what is pinned: sha256 {wrong}, pinned {right}"
    ):
        resolve(layout, hub.source, silent)

    # at the hub: it announces something else, and nothing is fetched
    hub.repository.announced = {}
    hub.asked.clear()
    with pytest.raises(PortError, match=f"sha256 {wrong}, pinned {right}"):
        resolve(layout, hub.source, silent)
    assert hub.contents_asked() == []

    # right again: nothing of the wrong bytes is left
    hub.repository = serves("tester/tiny", FILES)
    assert (resolve(layout, hub.source, silent).path / "model.safetensors").read_bytes() == TENSORS


@every_hub_in_time
@pytest.mark.parametrize(
    ("status", "said", "mend"),
    [
        (401, "wants to know who asks, or has no such model", "log in"),
        (403, "does not let you have it", "accept its terms"),
        (404, "has no such model or revision", "check id and revision"),
        (429, "asks to wait", "wait some minutes"),
        (500, "fails", "name a mirror with"),
    ],
)
def test_a_refusal_is_one_line_with_its_mend(
    kind: type[Hub], start: Start, layout: Layout, status: int, said: str, mend: str
) -> None:
    hub = start(kind)
    hub.faults.status = status

    with pytest.raises(PortError) as caught:
        pin(layout, hub.source, None, silent)
    assert f"{said} (HTTP {status})" in caught.value.message
    assert mend in caught.value.mend
    assert "\n" not in caught.value.message + caught.value.mend


@every_hub
def test_where_no_hub_answers_it_says_what_to_do(kind: type[Hub], start: Start, layout: Layout) -> None:
    hub = start(kind)
    hub.stop()

    with pytest.raises(PortError, match="cannot be reached") as caught:
        pin(layout, hub.source, None, silent)
    assert (
        f"name a mirror with {kind.endpoint_variable}, or download tester/tiny elsewhere" in caught.value.mend
    )


@every_hub_in_time
def test_a_token_is_sent_and_never_said(
    kind: type[Hub], start: Start, layout: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub = start(kind)
    hub.faults.file_status = 403
    variable = {"hf": "HF_TOKEN", "modelscope": "MODELSCOPE_API_TOKEN", "openmind": "OPENMIND_HUB_TOKEN"}
    monkeypatch.setenv(variable[kind.hub], "topsecret12345")

    with pytest.raises(PortError, match="HTTP 403") as caught:
        pin(layout, hub.source, None, silent)
    requests = [headers for method, _, headers in hub.asked if method == "GET"]
    assert {headers.get("authorization", headers.get("Authorization")) for headers in requests} == {
        "Bearer topsecret12345"
    }
    assert "topsecret" not in caught.value.message + caught.value.mend


def test_what_is_not_pinned_is_refused(start: Start, layout: Layout) -> None:
    hub = start(HuggingFace)
    with pytest.raises(PortError, match=r"is not in weights\.lock") as caught:
        resolve(layout, hub.source, silent)
    assert caught.value.mend == f"npuport weights pin {hub.source}"

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
            r"no \.safetensors .* it holds pytorch_model\.bin",
        ),
        ({"unet/model.safetensors": TENSORS}, r"no \.safetensors .* it holds unet/model\.safetensors"),
        ({"model.safetensors": TENSORS, "../evil.json": b"{}"}, r"lists a file that no repository has"),
        ({"model.safetensors": TENSORS, "/etc/evil.json": b"{}"}, r"lists a file that no repository has"),
        ({"model.safetensors": TENSORS, "a\\..\\evil.json": b"{}"}, r"lists a file that no repository has"),
        ({"model.safetensors": TENSORS[:-9]}, r"model\.safetensors is no whole checkpoint file"),
        ({"model.safetensors": b"\x80\x04" + TENSORS}, r"model\.safetensors is no whole checkpoint file"),
        (
            {
                "a.safetensors": TENSORS,
                "model.safetensors.index.json": b'{"weight_map": {"w": "b.safetensors"}}',
            },
            r"names 'b\.safetensors', which the repository does not hold",
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
    assert "whole" in said or not any(path.endswith(".safetensors") for path, _ in hub.contents_asked())


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
    assert caught.value.mend.startswith(f"rm -rf {found.parent.parent}")

    # its time put back: only hashing finds it, and `verify` hashes
    os.utime(found, ns=(before.st_atime_ns, before.st_mtime_ns))
    resolve(layout, hub.source, silent)
    assert "is not what is pinned" in verify(layout, silent)[hub.source]

    # only touched: hashed once, then known again
    found.write_bytes(TENSORS)
    resolve(layout, hub.source, silent)
    assert verify(layout, silent) == {hub.source: "good"}
    (found.parent / "extra.json").write_text("{}")
    with pytest.raises(PortError, match=r"extra\.json is not of the checkpoint"):
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

    with pytest.raises(PortError, match="openmind_hub is not there") as caught:
        pin(layout, hub.source, None, silent)
    assert caught.value.mend == "pip install openmind_hub"


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
    hub.faults.silent = False


def test_a_cache_that_a_client_refuses_is_one_line(
    start: Start, layout: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub = start(OpenMind)
    done = pin(layout, hub.source, None, silent)
    with tempfile.TemporaryDirectory(dir="/var/tmp") as directory:
        monkeypatch.setenv("NPUPORT_CACHE", directory)
        with pytest.raises(PortError, match="openmind_hub does not write to /var/tmp") as caught:
            resolve(layout, hub.source, silent)
    assert "NPUPORT_CACHE" in caught.value.mend
    assert done.path.is_dir()
