"""The bundled example: the same repository on every machine, a series that fits it, a model that runs."""

import json
import os
import re
import shutil
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import pytest

from npuport.base.places import HARNESS
from npuport.port.lock import read_lock
from worlds.repository import EXAMPLE

#: What `make_upstream.py` gives everywhere. They change only with the files in `upstream/`.
COMMITS = {
    "v0.1.0": "297e3c043c52230d62f73367446e8c8bf947aad9",
    "v0.2.0": "4c7a6ed6e9ecb7704f8ee86139d8edc88e39ac48",
    "v0.3.0": "7234a0e2e36f6d453eab6677dc8d7abea11c4a81",
    "main": "7234a0e2e36f6d453eab6677dc8d7abea11c4a81",
}


def make_upstream(directory: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(EXAMPLE / "make_upstream.py"), str(directory)],
        capture_output=True,
        text=True,
        env={**os.environ, **environment},
    )


def git(repository: Path, *arguments: str) -> str:
    command = ["git", "-C", str(repository), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


@pytest.fixture(scope="module")
def upstream(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """patchtok's repository, built anew."""
    directory = tmp_path_factory.mktemp("example") / "upstream.git"
    assert make_upstream(directory).returncode == 0
    return directory


@pytest.fixture(scope="module")
def pinned(upstream: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A work tree at the lock's pin with the series on top."""
    directory = tmp_path_factory.mktemp("pinned") / "patchtok"
    lock = read_lock(EXAMPLE / "upstream.lock")
    git(upstream, "worktree", "add", "--quiet", "--detach", str(directory), lock.commit)
    names = (EXAMPLE / "patches" / "series").read_text().split()
    patches = [str(EXAMPLE / "patches" / name) for name in names]
    git(directory, "-c", "user.name=x", "-c", "user.email=x@x", "am", "--quiet", *patches)
    return directory


def test_commit_ids_are_the_same_on_every_machine(upstream: Path) -> None:
    assert {name: git(upstream, "rev-parse", name).strip() for name in COMMITS} == COMMITS


def test_users_settings_do_not_change_the_ids(tmp_path: Path) -> None:
    config = tmp_path / "gitconfig"
    config.write_text(
        "[user]\nname = Somebody Else\nemail = else@example.com\n[core]\nautocrlf = true\n"
        "[init]\ndefaultBranch = trunk\ndefaultObjectFormat = sha256\n[commit]\ngpgSign = true\n"
    )
    before = os.umask(0o077)
    try:
        done = make_upstream(
            tmp_path / "upstream.git",
            GIT_CONFIG_GLOBAL=str(config),
            GIT_DIR=str(tmp_path / "elsewhere"),
            GIT_AUTHOR_NAME="Somebody Else",
            GIT_COMMITTER_DATE="2001-01-01T00:00:00",
            LC_ALL="de_DE.UTF-8",
            TZ="Asia/Shanghai",
        )
    finally:
        os.umask(before)
    assert (done.stdout.strip(), done.stderr) == (COMMITS["main"], "")


def test_second_build_leaves_the_repository_alone(upstream: Path) -> None:
    inode = upstream.stat().st_ino
    assert make_upstream(upstream).stdout.strip() == COMMITS["main"]
    assert upstream.stat().st_ino == inode
    assert [path.name for path in upstream.parent.iterdir()] == [upstream.name]


def test_repository_of_an_older_version_is_replaced(upstream: Path, tmp_path: Path) -> None:
    old = tmp_path / "upstream.git"
    old.mkdir()
    (old / "description").write_text("patchtok, built by make_upstream.py from something else\n")
    assert make_upstream(old).returncode == 0
    assert git(old, "rev-parse", "main").strip() == COMMITS["main"]


def test_directory_of_the_users_own_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("precious")
    done = make_upstream(tmp_path)
    assert done.returncode == 1
    assert done.stderr.startswith("error: ")
    assert (tmp_path / "mine").read_text() == "precious"


def test_history_has_what_a_rebase_meets(upstream: Path) -> None:
    """Commits before the pin and after it; a module renamed before, a patched script renamed after."""
    assert int(git(upstream, "rev-list", "--count", "v0.2.0")) >= 5
    assert int(git(upstream, "rev-list", "--count", "v0.2.0..main")) >= 3
    names = ("--diff-filter=R", "--name-status", "-M", "--format=")
    assert "patchtok/utils.py\tpatchtok/seeding.py" in git(upstream, "log", *names, "v0.2.0")
    assert "tools/rebuild.py\tscripts/rebuild.py" in git(upstream, "log", *names, "v0.2.0..main")
    assert git(upstream, "fsck", "--strict", "--no-progress") == ""


def test_picture_is_small_and_is_what_the_script_draws(pinned: Path, tmp_path: Path) -> None:
    shipped = (pinned / "assets" / "boat.png").read_bytes()
    drawn = tmp_path / "boat.png"
    subprocess.run([sys.executable, str(pinned / "tools" / "draw_boat.py"), str(drawn)], check=True)
    assert len(shipped) < 10_000
    assert pixels(shipped) == pixels(drawn.read_bytes())


def pixels(png: bytes) -> bytes:
    """The unpacked rows of a PNG with one IDAT chunk: zlib's own versions pack differently."""
    at = png.index(b"IDAT")
    (length,) = struct.unpack(">I", png[at - 4 : at])
    return zlib.decompress(png[at + 4 : at + 4 + length])


def test_series_touches_every_cuda_assumption(upstream: Path, pinned: Path) -> None:
    """Whatever names CUDA at the pin is a line that the series changes, or guards."""
    found = git(pinned, "grep", "-n", "-i", "cuda", "v0.2.0", "--", "*.py")
    touched = {"patchtok/seeding.py", "patchtok/rotary.py", "tools/rebuild.py"}
    assert {line.split(":")[1] for line in found.splitlines()} == touched
    assert set(git(pinned, "diff", "--name-only", "v0.2.0", "HEAD").split()) == touched
    left = git(pinned, "grep", "-h", "-i", "cuda", "HEAD", "--", "*.py").split("\n")
    assert [line.strip() for line in left if line] == [
        "if torch.cuda.is_available():",
        "torch.cuda.manual_seed_all(seed)",
    ]


def test_pin_is_a_release_that_main_has_left_behind() -> None:
    assert read_lock(EXAMPLE / "upstream.lock").commit == COMMITS["v0.2.0"]


def test_harness_ports_it_and_finds_nothing_to_refresh(tmp_path: Path) -> None:
    """The whole way of `make demo` as far as the tree, on a copy, with nothing in the cache."""
    copy = tmp_path / "patchtok"
    shutil.copytree(EXAMPLE, copy, ignore=shutil.ignore_patterns("out", "__pycache__"))
    assert make_upstream(copy / "out" / "upstream.git").returncode == 0
    environment = {"NPUPORT_CACHE": str(tmp_path / "cache"), "PYTHONPATH": str(HARNESS / "tools")}
    told = {}
    for command in ("port", "refresh"):
        done = subprocess.run(
            [sys.executable, "-m", "npuport", "--port", str(copy), command, "--json"],
            capture_output=True,
            text=True,
            env={**os.environ, **environment},
        )
        assert done.returncode == 0, done.stdout + done.stderr
        told[command] = json.loads(done.stdout)
    lock = read_lock(EXAMPLE / "upstream.lock")
    assert (told["port"]["commit"], told["port"]["tree"]) == (lock.ported_commit, lock.ported_tree)
    assert (copy / "upstream.lock").read_bytes() == (EXAMPLE / "upstream.lock").read_bytes()
    for entry in lock.patches:
        assert (copy / "patches" / entry.name).read_bytes() == (EXAMPLE / "patches" / entry.name).read_bytes()


def test_nothing_in_the_example_names_a_machine() -> None:
    tracked = git(HARNESS, "ls-files", "-z", "examples").split("\0")[:-1]
    assert tracked
    machine = re.compile(rb"/home/|/tmp/|/root/")
    assert not [name for name in tracked if machine.search((HARNESS / name).read_bytes())]


MODEL = """
import sys
from pathlib import Path
import torch
from npuport.adapter import load_adapter

adapter, directory = load_adapter(Path(sys.argv[1])), Path(sys.argv[2])
torch.manual_seed(0)
built = adapter.build("tiny")
adapter.excite(built, 1)
adapter.save(built, directory)
for model in (adapter.load(directory), adapter.build(directory)):
    theirs = model.state_dict()
    assert theirs.keys() == built.state_dict().keys()
    assert all(torch.equal(tensor, theirs[name]) for name, tensor in built.state_dict().items())
    assert model.encoder.rotary.frequencies.dtype == torch.bfloat16
inputs = [adapter.random_inputs(model, 1, 3), adapter.real_inputs(model, Path(sys.argv[3]))]
with torch.no_grad():
    for entry in adapter.entry_points:
        for given in inputs:
            output = entry.run(model, given)
            if entry.unit_norm:
                assert torch.allclose(torch.linalg.vector_norm(output, dim=-1), torch.ones(len(output)))
adapter.seed(7)
first = torch.rand(4)
adapter.seed(7)
assert torch.equal(torch.rand(4), first)
before = adapter.random_inputs(model, 1, 3)
assert all(torch.equal(tensor, before[name]) for name, tensor in inputs[0].items())
"""


@pytest.mark.slow
def test_adapter_keeps_its_promises_on_the_cpu(pinned: Path, tmp_path: Path) -> None:
    pytest.importorskip("safetensors", reason="the example's checkpoints are safetensors")
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(pinned), str(HARNESS / "tools")]),
        "TORCH_DEVICE_BACKEND_AUTOLOAD": "0",
    }
    done = subprocess.run(
        [sys.executable, "-c", MODEL, str(EXAMPLE / "adapter.py"), str(tmp_path / "checkpoint"), str(pinned)],
        env=environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
