"""The wheel works without the repository.

1. The work tree is exported, and a wheel is built from the export.
2. The wheel is installed without its dependencies into a new environment, which sees the packages of this one
   but not this one's npuport.
3. Five commands run there on a copy of `examples/patchtok`, from another directory, with an empty home and so
   an empty cache. The simulator is built from the sources in the wheel.
"""

import importlib.metadata
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest

from npuport import simulator
from worlds.port import git
from worlds.repository import copy_example

ROOT = Path(__file__).resolve().parents[1]
PLACES = (
    "import npuport, npuport.base.places as p; print(npuport.__file__, p.TOOLS, p.cache_dir(), sep='\\n')"
)
DOUBLE = "import torch; print((torch.ones(2, device='npu') * 2).tolist(), torch.npu.get_device_name())"

pytestmark = pytest.mark.slow


@dataclass(frozen=True)
class Installed:
    """An environment with the wheel, a port, and an empty home."""

    environment: Path
    home: Path
    port: Path

    @property
    def python(self) -> Path:
        """The interpreter."""
        return self.environment / "bin" / "python"

    def run(self, program: str, *words: str) -> subprocess.CompletedProcess[str]:
        """Run a program of the environment from the home directory, with few variables."""
        ours = (Path(sys.prefix), ROOT)
        path = [p for p in os.environ["PATH"].split(os.pathsep) if not any(map(Path(p).is_relative_to, ours))]
        variables = {
            **{name: os.environ[name] for name in ("LANG", "TMPDIR") if name in os.environ},
            "HOME": str(self.home),
            "PATH": os.pathsep.join([str(self.environment / "bin"), *path]),
        }
        return subprocess.run(
            [str(self.environment / "bin" / program), *words],
            env=variables,
            cwd=self.home,
            capture_output=True,
            text=True,
            check=False,
        )

    def npuport(self, *words: str, code: int = 0) -> str:
        """What `npuport --port PORT ...` prints."""
        done = self.run("npuport", "--port", str(self.port), *words)
        assert done.returncode == code, f"npuport {' '.join(words)}: {done.stdout}{done.stderr}"
        return done.stdout


def why_not() -> str:
    """Why the wheel cannot be tested here; empty if it can."""
    try:
        backend = importlib.metadata.version("setuptools")
    except importlib.metadata.PackageNotFoundError:
        backend = "0"
    if int(backend.partition(".")[0]) < 77:
        return "setuptools 77 or newer, which builds the wheel, is not installed"
    for package in ("torch", "torch_npu"):
        if importlib.util.find_spec(package) is None:
            return f"{package} is not installed"
    if cann := simulator.real_cann():
        return f"a real CANN is installed: {cann}"
    return ""


def exported(directory: Path) -> list[str]:
    """Copy the files of the work tree that git does not ignore; returns their names."""
    listing = git(ROOT, "ls-files", "-z", "--cached", "--others", "--exclude-standard")
    names = [name for name in listing.split("\0") if name and (ROOT / name).is_file()]
    for name in names:
        (directory / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, directory / name)
    return names


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of the work tree."""
    if reason := why_not():
        print(f"skipped: {reason}", file=sys.stderr)
        pytest.skip(reason)
    source, target = tmp_path_factory.mktemp("export"), tmp_path_factory.mktemp("dist")
    exported(source)
    subprocess.run(
        [*pip(sys.executable), "wheel", "--no-deps", "--no-build-isolation", "-w", str(target), str(source)],
        check=True,
    )
    shutil.rmtree(source)
    [path] = target.glob("npuport-*.whl")
    return path


def pip(python: str | Path) -> list[str]:
    """The start of a command of this environment's pip that works on another environment."""
    return [sys.executable, "-m", "pip", "--python", str(python), "--quiet"]


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """The wheel in a new environment, beside the packages of this one."""
    root = tmp_path_factory.mktemp("wheel")
    it = Installed(root / "environment", root / "home", root / "port")
    it.home.mkdir()
    venv.create(it.environment, with_pip=False, symlinks=True)
    subprocess.run([*pip(it.python), "install", "--no-deps", str(wheel)], check=True)
    [packages] = it.environment.glob("lib/python3*/site-packages")
    # The path itself: Python reads no .pth file in it, so this environment's npuport stays out.
    paths = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
    (packages / "dependencies.pth").write_text("\n".join(sorted(paths)) + "\n")
    for program in ("cmake", "ninja"):
        if path := shutil.which(program, path=os.pathsep.join([f"{sys.prefix}/bin", os.environ["PATH"]])):
            (it.environment / "bin" / program).symlink_to(path)
    copy_example(it.port)
    it.npuport("port")
    return it


def test_has_every_file_of_the_package_and_of_the_simulator(wheel: Path) -> None:
    listing = git(
        ROOT,
        "ls-files",
        "-z",
        "--cached",
        "--others",
        "--exclude-standard",
        "tools/npuport",
        "tools/softcann",
    )
    expected = {
        name.removeprefix("tools/")
        for name in listing.split("\0")
        if (ROOT / name).is_file() and not Path(name).name.startswith(".")
    }
    with zipfile.ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if ".dist-info/" not in name}
    assert names == expected


def test_runs_its_own_files_and_keeps_its_cache_in_the_home(installed: Installed) -> None:
    module, tools, cache = installed.run("python", "-c", PLACES).stdout.splitlines()
    assert Path(module).is_relative_to(installed.environment)
    assert Path(tools).is_relative_to(installed.environment)
    assert Path(cache).is_relative_to(installed.home)


def test_port(installed: Installed) -> None:
    lock = (installed.port / "upstream.lock").read_text()
    commit = json.loads(installed.npuport("port", "--json"))["commit"]
    assert commit in lock


def test_sim_exec(installed: Installed) -> None:
    output = installed.npuport("sim", "exec", "--", "python", "-c", DOUBLE)
    assert output.splitlines()[-1] == "[2.0, 2.0] Ascend910B4 (simulated)"


def test_parity(installed: Installed) -> None:
    installed.npuport("parity")
    results = json.loads((installed.port / "out/report/results.json").read_text())
    assert results["verdict"] == "pass"
    assert results["device"]["name"] == "Ascend910B4 (simulated)"


def test_rebase_dry_run(installed: Installed) -> None:
    before = (installed.port / "upstream.lock").read_bytes()
    output = installed.npuport("rebase", "--latest", "--dry-run", code=1)
    assert "conflict    0001-Seed-the-accelerator-that-is-present.patch" in output
    assert (installed.port / "upstream.lock").read_bytes() == before


def test_audit(installed: Installed) -> None:
    assert json.loads(installed.npuport("audit", "--json"))["findings"]
