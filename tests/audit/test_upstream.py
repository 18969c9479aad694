"""The real VTP and LightningDiT: `upstream.txt` lists their findings, each one checked by reading.

A listed finding that the audit misses is a failure, and so is a finding that is not listed.
"""

from dataclasses import replace
from pathlib import Path

import pytest

from npuport.audit import audit, new_assumptions
from npuport.audit.audited_tree import drafted, pinned_upstream, read_port
from npuport.audit.finding import Finding
from npuport.base.places import HARNESS
from npuport.base.text import silent
from npuport.port.layout import Layout
from npuport.port.lock import read_lock
from npuport.source.interface import difference
from npuport.source.tree import read_commit
from worlds.repository import fetched

pytestmark = pytest.mark.network

LAYOUT = Layout(HARNESS)
ADAPTER = LAYOUT.adapter.read_bytes()
LIGHTNINGDIT = ("https://github.com/JingfengYao/LightningDiT", "986098540d7d902cfee84e5344804de0eeeb2aaa")
FIRST = "6fa4e19a9e43e9f59f171b7903e0ef18c249158a"


def read(url: str, commit: str) -> dict[str, bytes]:
    """A commit's tree. Only upstream out of reach skips a test."""
    return read_commit(fetched(replace(read_lock(LAYOUT.lock), url=url, commit=commit)), commit)


@pytest.fixture(scope="module")
def vtp() -> dict[str, bytes]:
    lock = read_lock(LAYOUT.lock)
    return read(lock.url, "5ce1eb67010fff3c1eed483352483be6a1838556")


@pytest.fixture(scope="module")
def lightningdit() -> dict[str, bytes]:
    return read(*LIGHTNINGDIT)


def listed(name: str) -> list[str]:
    """The findings of a repository in `upstream.txt`: `path:line rule level`, sorted."""
    section = (Path(__file__).parent / "upstream.txt").read_text().split("=== ")
    lines = next(part for part in section if part.startswith(f"{name}\n")).splitlines()[1:]
    path, found = "", []
    for line in filter(None, lines):
        if line.startswith(" "):
            found.append(f"{path}:{line.strip()}")
        else:
            path = line
    return sorted(found)


def shown(findings: tuple[Finding, ...]) -> list[str]:
    return sorted(f"{f.path}:{f.line} {f.rule} {f.level}{' guarded' * f.guarded}" for f in findings)


def test_findings_of_vtp(vtp: dict[str, bytes]) -> None:
    assert shown(audit(vtp)) == listed("VTP")


def test_findings_of_lightningdit(lightningdit: dict[str, bytes]) -> None:
    assert shown(audit(lightningdit)) == listed("LightningDiT")


def test_the_seed_alone_is_on_the_model_path_and_the_series_covers_it(vtp: dict[str, bytes]) -> None:
    subject = pinned_upstream(read_port(LAYOUT), offline=True, progress=silent)
    on_path = [f for f in subject.findings if f.reach != "no"]
    assert [(f.path, f.line, f.reach, f.via) for f in on_path] == [
        ("vtp/models/utils/utils.py", 81, "reached", ("adapter.py", "fix_random_seeds"))
    ]
    assert on_path[0].covered_by.startswith("0001-")
    assert not any(f.covered_by for f in subject.findings if f.reach == "no")
    assert not any(f.blocks for f in subject.findings)


def test_the_draft_for_vtp_applies_and_is_clean(vtp: dict[str, bytes]) -> None:
    port = read_port(LAYOUT)
    subject = pinned_upstream(port, offline=True, progress=silent)
    made = drafted(subject, port)  # which applies it on top of the series
    assert made is not None
    assert len(made.findings) == 33
    left = [f for path, data in made.files.items() for f in audit({path: data})]
    assert {f.rule for f in left} == {"cudnn", "pinned-memory", "tf32"}


def test_nothing_is_new_since_the_first_commit(vtp: dict[str, bytes]) -> None:
    old = read(read_lock(LAYOUT.lock).url, FIRST)
    assert new_assumptions(old, vtp, ADAPTER) == ()
    assert len(new_assumptions({}, vtp, ADAPTER)) == len(listed("VTP"))
    assert difference(old, vtp, ADAPTER) == ()


def test_a_changed_entry_point_is_reported(vtp: dict[str, bytes]) -> None:
    path = "vtp/models/vtp_hf/modeling_vtp.py"
    changed = vtp[path].replace(b"def get_clip_text_feature", b"def get_text_feature")
    assert "VTPModel.get_clip_text_feature is gone" in difference(vtp, vtp | {path: changed}, ADAPTER)
