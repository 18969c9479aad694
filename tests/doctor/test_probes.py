"""The doctor's probes, each on a machine made for it."""

import platform
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from npuport.doctor import ascend, disk, packages, tools, upstream
from npuport.doctor.check import Check, guarded
from npuport.port.layout import Layout
from worlds.machine import bin_with, distribution, package, program

# Programs


def test_good_git_is_good() -> None:
    assert tools.git().state == "good"


def test_old_git_is_wrong(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program(tmp_path / "bin", "git", "echo git version 2.20.1")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    found = tools.git()
    assert (found.state, "2.20.1" in found.found, "2.34 is needed" in found.found) == ("wrong", True, True)


def test_git_that_crashes_is_wrong(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program(tmp_path / "bin", "git", "echo 'libz.so.1: cannot open shared object file' >&2; exit 127")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    found = tools.git()
    assert (found.state, "libz.so.1" in found.found) == ("wrong", True)


def test_no_compiler_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", bin_with(tmp_path / "bin", "git", "make"))
    monkeypatch.delenv("CXX", raising=False)
    found = tools.compiler()
    assert (found.state, bool(found.hint)) == ("missing", True)


def test_compiler_without_its_library_is_wrong(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = 'case "$1" in --version) echo "c++ 12.2.0";; *) echo "<stdin>:2:10: fatal error: vector: none" '
    program(tmp_path / "bin", "c++", script + ">&2; exit 1;; esac")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.delenv("CXX", raising=False)
    found = tools.compiler()
    assert (found.state, "fatal error: vector" in found.found) == ("wrong", True)


@pytest.mark.skipif(shutil.which("c++") is None, reason="there is no C++ compiler to be found good")
def test_working_compiler_is_good(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CXX", raising=False)
    assert tools.compiler().state == "good"


def test_cxx_that_names_nothing_is_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CXX", "no-such-compiler")
    assert tools.compiler() == Check(
        "compiler", "wrong", "CXX names no-such-compiler, which is not on PATH", "unset CXX"
    )


def test_probe_that_fails_is_a_finding() -> None:
    found = guarded("git", lambda: Check("git", "good", str(1 // 0)))
    assert (found.state, found.found) == ("wrong", "the check failed: ZeroDivisionError: " + zero_division())


def zero_division() -> str:
    """This Python's own words for it."""
    with pytest.raises(ZeroDivisionError) as error:
        1 // 0  # noqa: B018
    return str(error.value)


# Packages


def test_missing_packages_come_with_the_command_that_installs_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "path", [str(tmp_path)])
    for check in (packages.torch(), packages.torch_npu(), packages.transformers()):
        assert (check.state, check.found) == ("missing", "not installed")
        assert check.hint == packages.bootstrap()


def test_a_missing_torch_npu_must_fit_torch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    distribution(tmp_path, "torch", "2.14.1+cpu")
    monkeypatch.setattr(sys, "path", [str(tmp_path)])
    check = packages.torch_npu()
    assert check.state == "missing"
    assert check.hint == f"{sys.executable} -m pip install 'torch_npu==2.14.1.*'"


def test_torch_npu_without_torch_is_wrong(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    distribution(tmp_path, "torch_npu", "2.14.1")
    monkeypatch.setattr(sys, "path", [str(tmp_path)])
    assert packages.torch_npu() == Check("torch_npu", "wrong", "2.14.1, without torch", packages.bootstrap())


def test_torch_npu_of_another_release_is_wrong(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    distribution(tmp_path, "torch", "2.14.1+cpu")
    distribution(tmp_path, "torch_npu", "2.14.0")
    monkeypatch.syspath_prepend(tmp_path)
    found = packages.torch_npu()
    assert found.state == "wrong"
    assert found.found == "2.14.0 beside torch 2.14.1+cpu: it fits torch 2.14.0 only"
    assert found.hint.endswith("pip install 'torch_npu==2.14.1.*'")


def test_post_release_of_torch_npu_fits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    distribution(tmp_path, "torch", "2.9.0+cpu")
    distribution(tmp_path, "torch_npu", "2.9.0.post2")
    monkeypatch.syspath_prepend(tmp_path)
    assert packages.torch_npu() == Check("torch_npu", "good", "2.9.0.post2, fits torch 2.9.0+cpu")


def test_torch_that_does_not_import_is_wrong(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package(tmp_path, "torch", "2.13.0", "raise OSError('libtorch_cpu.so: invalid ELF header')\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    found = packages.torch()
    assert (found.state, found.found) == (
        "wrong",
        "2.13.0 does not import: OSError: libtorch_cpu.so: invalid ELF header",
    )


def test_cuda_build_of_torch_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    version = "class version:\n    cuda, hip = '12.8', None\n__version__ = '2.13.0+cu128'\n"
    package(tmp_path, "torch", "2.13.0", version)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    assert packages.torch() == Check("torch", "good", "2.13.0+cu128, CUDA 12.8 build")


# A real Ascend


def cann_home(directory: Path, version: str) -> Path:
    (directory / "lib64").mkdir(parents=True)
    (directory / "lib64" / "libascendcl.so").write_bytes(b"")
    info = directory / f"{platform.machine()}-linux"
    info.mkdir()
    (info / "ascend_toolkit_install.info").write_text(
        f"package_name=Ascend-cann-toolkit\nversion={version}\n"
    )
    return directory


def test_cann_by_its_variable(tmp_path: Path) -> None:
    home = cann_home(tmp_path / "latest", "8.5.1")
    assert ascend.cann({"ASCEND_HOME_PATH": str(home)}) == Check("CANN", "good", f"8.5.1, {home}")


def test_cann_that_the_shell_does_not_know_of(tmp_path: Path) -> None:
    home = cann_home(tmp_path / "latest", "8.5.1")
    (tmp_path / "set_env.sh").write_text("")
    found = ascend.cann({}, usual=(tmp_path / "nothing", home))
    assert (found.state, found.hint) == ("wrong", f"source {tmp_path / 'set_env.sh'}")


@pytest.mark.parametrize(
    ("variables", "state"),
    [({}, "missing"), ({"ASCEND_HOME_PATH": "/nowhere"}, "wrong")],
    ids=["none", "stale"],
)
def test_no_cann(variables: dict[str, str], state: str, tmp_path: Path) -> None:
    assert ascend.cann(variables, usual=(tmp_path,)).state == state


def test_driver(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    assert ascend.driver(tmp_path).state == "missing"
    (tmp_path / "version.info").write_text("Version=25.0.rc1\n")
    assert ascend.driver(tmp_path).state == "wrong"
    smi = program(tmp_path / "bin", "npu-smi", "echo '| npu-smi 25.0.rc1   Version: 25.0.rc1 |'")
    assert ascend.driver(tmp_path) == Check("driver", "good", f"25.0.rc1, {smi}")
    program(tmp_path / "bin", "npu-smi", "echo 'dcmi module initialize failed. ret is -8005' >&2; exit 1")
    assert ascend.driver(tmp_path).found == "npu-smi: dcmi module initialize failed. ret is -8005"


def test_devices(tmp_path: Path) -> None:
    assert ascend.devices(tmp_path).state == "missing"
    (tmp_path / "davinci0").touch()
    (tmp_path / "davinci1").touch()
    assert ascend.devices(tmp_path).state == "wrong"  # no davinci_manager
    (tmp_path / "davinci_manager").touch()
    assert ascend.devices(tmp_path) == Check("devices", "good", "2: davinci0, davinci1")


# Upstream and disk


def port_of(directory: Path, url: str, commit: str) -> Layout:
    """A port's directory with nothing but a lock."""
    directory.mkdir(exist_ok=True)
    lock = f'format: 1\nupstream:\n  url: "{url}"\n  branch: "main"\n  commit: "{commit}"\n'
    (directory / "upstream.lock").write_text(lock)
    return Layout(directory)


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, str]:
    """A small upstream and its commit; the cache is empty and the user's git has no configuration."""
    monkeypatch.setenv("NPUPORT_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "gitconfig"))
    monkeypatch.delenv("NPUPORT_MIRROR", raising=False)
    (tmp_path / "gitconfig").write_text("[user]\nname = x\nemail = x@example.com\n")
    directory = tmp_path / "upstream"
    subprocess.run(["git", "init", "-q", "-b", "main", str(directory)], check=True)
    subprocess.run(["git", "-C", str(directory), "commit", "-q", "--allow-empty", "-m", "Start"], check=True)
    head = ["git", "-C", str(directory), "rev-parse", "HEAD"]
    return directory, subprocess.run(head, capture_output=True, text=True, check=True).stdout.strip()


def test_upstream_that_answers(repository: tuple[Path, str], tmp_path: Path) -> None:
    source, commit = repository
    found = upstream.upstream(port_of(tmp_path / "port", str(source), commit), offline=False)
    assert found.state == "good"
    assert f"{commit[:12]} is not in the cache" in found.found


def test_upstream_through_the_users_git_config(repository: tuple[Path, str], tmp_path: Path) -> None:
    source, commit = repository
    layout = port_of(tmp_path / "port", "https://patchtok.example/upstream", commit)
    config = tmp_path / "gitconfig"
    config.write_text(f'[url "{source}"]\ninsteadOf = https://patchtok.example/upstream\n')
    assert upstream.upstream(layout, offline=False).state == "good"
    config.write_text(f'[url "{tmp_path}/missing"]\ninsteadOf = https://patchtok.example/upstream\n')
    found = upstream.upstream(layout, offline=False)
    assert (found.state, found.optional) == ("wrong", False)
    assert "missing" in found.found


def test_upstream_without_the_branch(repository: tuple[Path, str], tmp_path: Path) -> None:
    source, commit = repository
    subprocess.run(["git", "-C", str(source), "branch", "-m", "main", "trunk"], check=True)
    found = upstream.upstream(port_of(tmp_path / "port", str(source), commit), offline=False)
    assert (found.state, "no branch main" in found.found) == ("wrong", True)


def test_cached_pin_makes_upstream_optional(repository: tuple[Path, str], tmp_path: Path) -> None:
    from npuport.port.lock import read_lock
    from npuport.port.upstream import ensure

    source, commit = repository
    layout = port_of(tmp_path / "port", str(source), commit)
    assert upstream.upstream(layout, offline=True).state == "missing"
    ensure(layout, read_lock(layout.lock))
    shutil.rmtree(source)
    found = upstream.upstream(layout, offline=False)
    assert (found.state, found.optional) == ("wrong", True)
    assert upstream.upstream(layout, offline=True).state == "good"


def test_malformed_lock_is_told(repository: tuple[Path, str], tmp_path: Path) -> None:
    layout = port_of(tmp_path / "port", str(repository[0]), "abc123")
    found = upstream.upstream(layout, offline=True)
    assert (found.state, "40 hex digits" in found.found) == ("wrong", True)


def test_full_disk_is_wrong(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NPUPORT_CACHE", str(tmp_path / "not" / "yet"))
    assert disk.disk(needed=1).state == "good"
    found = disk.disk(needed=1 << 60)
    assert (found.state, "NPUPORT_CACHE" in found.hint) == ("wrong", True)
    assert not (tmp_path / "not").exists()
