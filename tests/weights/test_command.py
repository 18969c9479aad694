"""`npuport weights` as a user runs it: answers, exit codes, two at once, interrupted, on a full disk."""

import json
import os
import re
import resource
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save

from npuport.base.places import HARNESS
from worlds.hubserver import HuggingFace, Repository
from worlds.port import heed_interrupts
from worlds.processes import children, ends

LARGE = save({"w": np.arange(40_000.0)})


class User:
    """Somebody with a port, a cache and a hub."""

    def __init__(self, directory: Path) -> None:
        self.hub = HuggingFace(Repository("tester/tiny", {"config.json": b"{}", "model.safetensors": LARGE}))
        self.cache = directory / "cache"
        self.lock = directory / "weights.lock"
        self.directory = directory
        clean = {key: value for key, value in os.environ.items() if not re.search("(?i)proxy|^HF_", key)}
        self.environment = (
            clean
            | self.hub.environment()
            | {
                "NPUPORT_CACHE": str(self.cache),
                "HOME": str(directory),
                "PYTHONPATH": str(HARNESS / "tools"),
            }
        )

    def start(self, *words: str, **options: object) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "npuport", "--port", str(self.directory), *words],
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            **options,  # type: ignore[call-overload]
        )

    def run(self, *words: str, **options: object) -> tuple[int, str, str]:
        with self.start(*words, **options) as process:
            out, err = process.communicate(timeout=100)
            return process.returncode, out, err


@pytest.fixture
def user(tmp_path: Path) -> Iterator[User]:
    user = User(tmp_path)
    yield user
    user.hub.stop()


def test_from_pin_to_path(user: User) -> None:
    source = user.hub.source
    code, out, _ = user.run("weights", "list", "--json")
    assert (code, json.loads(out)) == (0, {"weights": []})

    code, out, err = user.run("weights", "pin", source, "--json")
    pinned = json.loads(out)
    assert (code, pinned["source"], pinned["changed"]) == (0, source, True)
    assert f"{source}@main is {pinned['revision']}" in err

    code, out, _ = user.run("weights", "list")
    assert out == f"{source}  main at {pinned['revision'][:12]}, 320.1 kB, in the cache\n"
    user.hub.stop()
    code, out, _ = user.run("weights", "path", source)
    assert (code, out) == (0, pinned["path"] + "\n")
    assert user.run("weights", "verify")[:2] == (0, f"{source}  good\n")

    (Path(pinned["path"]) / "config.json").chmod(0o600)
    (Path(pinned["path"]) / "config.json").write_text("[]")
    code, out, _ = user.run("weights", "verify", "--json")
    assert (code, json.loads(out)["good"]) == (1, False)


def test_parity_asks_for_the_pin_before_anything_else(user: User) -> None:
    code, out, err = user.run("parity", "--weights", user.hub.source)

    assert (code, out) == (1, "")
    assert (
        err
        == f"error: {user.hub.source} is not in weights.lock\nhint: npuport weights pin {user.hub.source}\n"
    )


def test_two_at_once_download_once(user: User) -> None:
    user.hub.hold()
    first = user.start("weights", "pin", user.hub.source)
    assert user.hub.held.wait(timeout=100)
    second = user.start("weights", "pin", user.hub.source)
    assert second.stderr is not None
    assert any("waiting for another npuport that fetches the same" in line for line in second.stderr)
    user.hub.release()
    first.communicate(timeout=100)
    second.communicate(timeout=100)

    assert first.returncode == second.returncode == 0
    assert len([path for path, _ in user.hub.contents_asked() if "safetensors" in path]) == 1


def test_an_interrupt_leaves_nothing_running_and_nothing_half(user: User) -> None:
    user.hub.hold()
    process = user.start(
        "weights", "pin", user.hub.source, start_new_session=True, preexec_fn=heed_interrupts
    )
    assert user.hub.held.wait(timeout=100)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does
    _, err = process.communicate(timeout=100)

    assert process.returncode == 130
    assert err.splitlines()[-1] == "interrupted"
    with pytest.raises(ProcessLookupError):
        os.killpg(process.pid, 0)
    assert not user.lock.exists()
    user.hub.release()
    assert user.run("weights", "pin", user.hub.source)[0] == 0


def test_killed_its_client_goes_with_it(user: User) -> None:
    user.hub.hold()
    process = user.start("weights", "pin", user.hub.source, start_new_session=True)
    assert user.hub.held.wait(timeout=100)
    clients = children(process.pid)
    assert clients
    process.kill()
    process.communicate(timeout=100)

    assert all(map(ends, clients))
    user.hub.release()
    assert user.run("weights", "pin", user.hub.source)[0] == 0


def test_a_file_that_the_machine_refuses_is_one_line(user: User) -> None:
    limit = (100_000, 100_000)
    for name in [name for name in user.environment if name.startswith("COVERAGE")]:
        del user.environment[name]  # its file would be refused as well
    code, _, err = user.run(
        "weights",
        "pin",
        user.hub.source,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, limit),
    )

    assert code == 1
    assert err.endswith("File too large\nhint: raise the limit on file sizes (ulimit -f)\n")
    assert user.run("weights", "pin", user.hub.source)[0] == 0
