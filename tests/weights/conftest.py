"""Hubs on this machine, for the real clients."""

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from npuport.port.layout import Layout
from worlds.hub import FILES, Start
from worlds.hubserver import Hub, OpenMind, Repository


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
