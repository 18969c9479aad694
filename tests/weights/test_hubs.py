"""Three hubs, each through its own real client, against a server on this machine."""

import hashlib
import re
import shutil

import numpy as np
import pytest
from safetensors.numpy import save

from npuport.base.errors import PortError
from npuport.port.layout import Layout
from npuport.weights import resolve
from npuport.weights.pin import pin
from worlds.hub import CONFIG, FILES, TENSORS, Start, silent
from worlds.hubserver import Hub, HuggingFace, ModelScope, OpenMind, Repository

pytest.importorskip("modelscope_hub", reason="modelscope_hub is not installed: pip install -e .[hubs]")
pytest.importorskip("openmind_hub", reason="openmind_hub is not installed: pip install -e .[hubs]")

every_hub = pytest.mark.parametrize("kind", [HuggingFace, ModelScope, OpenMind], ids=lambda kind: kind.hub)
every_hub_in_time = pytest.mark.parametrize(
    "kind",
    [HuggingFace, *(pytest.param(kind, marks=pytest.mark.slow) for kind in (ModelScope, OpenMind))],
    ids=lambda kind: kind.hub,
)


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
    assert "MB of them already here" in "".join(said)
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
    ("status", "said", "hint"),
    [
        (401, "asks for a login, or has no such model", "log in"),
        (403, "denies access", "accept its terms"),
        (404, "has no such model or revision", "check id and revision"),
        (429, "asks to wait", "wait some minutes"),
        (500, "fails", "name a mirror with"),
    ],
)
def test_a_refusal_is_one_error_with_its_hint(
    kind: type[Hub], start: Start, layout: Layout, status: int, said: str, hint: str
) -> None:
    hub = start(kind)
    hub.faults.status = status

    with pytest.raises(PortError) as caught:
        pin(layout, hub.source, None, silent)
    assert f"{said} (HTTP {status})" in caught.value.message
    assert hint in caught.value.hint
    assert "\n" not in caught.value.message + caught.value.hint


@every_hub
def test_where_no_hub_answers_it_says_what_to_do(kind: type[Hub], start: Start, layout: Layout) -> None:
    hub = start(kind)
    hub.stop()

    with pytest.raises(PortError, match="cannot be reached") as caught:
        pin(layout, hub.source, None, silent)
    assert (
        f"name a mirror with {kind.endpoint_variable}, or download tester/tiny elsewhere" in caught.value.hint
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
    assert "topsecret" not in caught.value.message + caught.value.hint
