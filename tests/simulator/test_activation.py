"""The simulator under torch_npu: in this process, in its children, in theirs; and beside a real CANN."""

import json
import os
import subprocess
import sys
import textwrap
import venv
from pathlib import Path

import pytest
import torch  # the libraries below are mapped when torch_npu is loaded

from npuport import simulator
from npuport.base.errors import PortError
from npuport.simulator.startup import softcann_startup

USE = "import torch; print((torch.ones(3, device='npu') * 2).tolist(), torch.npu.get_device_name())"
USED = "[2.0, 2.0, 2.0] Ascend910B4 (simulated)"


def npuport(*words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "npuport", *words],
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


@pytest.fixture
def built_here(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands started by a test use the simulator of this process and do not build one."""
    monkeypatch.setenv(softcann_startup.VARIABLE, str(directory))


def test_activating_again_changes_nothing(directory: Path) -> None:
    simulator.activate(directory)
    assert torch.npu.get_device_name() == "Ascend910B4 (simulated)"


def test_all_libraries_come_from_one_directory(directory: Path) -> None:
    for name in (*softcann_startup.LIBRARIES, "softcann_core"):
        assert softcann_startup.mapped(f"lib{name}.so") == [directory / "lib" / f"lib{name}.so"]


@pytest.mark.parametrize("first", ["import torch", "import torch_npu", "import transformers"])
def test_a_child_finds_it_whatever_it_imports_first(run, first: str) -> None:
    done = run(f"{first}; {USE}")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == USED


def test_without_torch_nothing_is_loaded(run) -> None:
    done = run("import sys; print('torch' in sys.modules, 'softcann' in open('/proc/self/maps').read())")
    assert done.stdout == "False False\n"


@pytest.mark.usefixtures("built_here")
def test_exec_reaches_children_of_children(tmp_path: Path) -> None:
    script = tmp_path / "parent.py"
    script.write_text(
        textwrap.dedent(
            f"""
            import multiprocessing, subprocess, sys

            def work(queue):
                {USE.replace("print", "queue.put")}

            if __name__ == "__main__":
                print(subprocess.run([sys.executable, "-c", {USE!r}], capture_output=True, text=True).stdout)
                context = multiprocessing.get_context("spawn")
                queue = context.Queue()
                child = context.Process(target=work, args=(queue,))
                child.start()
                print(*queue.get())
                child.join()
            """
        ).replace(
            "queue.put((torch.ones(3, device='npu') * 2).tolist(), torch.npu.get_device_name())",
            "queue.put(((torch.ones(3, device='npu') * 2).tolist(), torch.npu.get_device_name()))",
        ),
        encoding="utf-8",
    )
    done = npuport("sim", "exec", "--", sys.executable, str(script))
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines().count(USED) == 2


@pytest.mark.usefixtures("built_here")
def test_exec_passes_arguments_and_the_exit_code(tmp_path: Path) -> None:
    done = npuport(
        "sim", "exec", "--", sys.executable, "-c", "import sys; sys.exit(len(sys.argv))", "--json", "-x"
    )
    assert (done.returncode, done.stdout, done.stderr) == (3, "", "")


@pytest.mark.usefixtures("built_here")
def test_exec_of_no_command_says_what_to_do() -> None:
    assert npuport("sim", "exec").returncode == 1
    done = npuport("sim", "exec", "--", "no-such-program-anywhere")
    assert done.returncode == 1
    assert done.stderr == (
        "error: no-such-program-anywhere: command not found\nhint: name a command on PATH, or give its path\n"
    )


@pytest.mark.usefixtures("built_here")
def test_another_sitecustomize_still_runs(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text("print('theirs')\n", encoding="utf-8")
    path = os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])
    done = npuport("sim", "exec", "--", sys.executable, "-c", USE, PYTHONPATH=path)
    lines = done.stdout.splitlines()
    assert lines[-1] == USED
    assert lines.count("theirs") == 2  # npuport's own Python, and the child


def test_path_and_status_in_json(directory: Path, built_here: None) -> None:
    assert json.loads(npuport("sim", "path", "--json").stdout) == {
        "path": str(directory),
        "device": simulator.DEVICE_NAME,
    }
    status = json.loads(npuport("sim", "status", "--json").stdout)
    assert status["device"] == simulator.DEVICE_NAME
    assert status["real_cann"] is None
    assert status["inputs"]["torch_npu"]["version"]


@pytest.mark.usefixtures("built_here")
def test_a_real_cann_keeps_it_out(directory: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "libascendcl.so").touch()
    for variable in ("ASCEND_HOME_PATH", "LD_LIBRARY_PATH"):
        with monkeypatch.context() as patched:
            patched.setenv(variable, str(tmp_path))
            assert simulator.real_cann() == str(tmp_path)
            with pytest.raises(PortError, match="a real CANN is installed"):
                simulator.activate(directory)
            done = npuport("sim", "exec", "--", "true")
            assert done.returncode == 1
            assert "so the simulator is not used" in done.stderr
            assert npuport("sim", "exec", "--despite-cann", "--", "true").returncode == 0


def test_a_simulator_for_another_torch_is_refused(run, directory: Path, tmp_path: Path) -> None:
    (tmp_path / "lib").symlink_to(directory / "lib")
    inputs = json.loads((directory / "built.json").read_text())
    inputs["torch"]["directory"] = "/nowhere/torch"
    (tmp_path / "built.json").write_text(json.dumps(inputs))
    done = run(USE, **{softcann_startup.VARIABLE: str(tmp_path)})
    assert done.returncode == 1
    assert "was built for the torch in /nowhere/torch" in done.stderr


def test_it_is_for_the_python_that_is_to_run(tmp_path: Path) -> None:
    venv.create(tmp_path / "other", with_pip=False, symlinks=True)
    python = tmp_path / "other/bin/python"
    done = npuport("sim", "exec", "--", str(python), "-c", "pass")
    assert done.returncode == 1
    assert f"torch is not installed in {python}" in done.stderr

    packages = next((tmp_path / "other").glob("lib/python3*/site-packages"))
    (packages / "ours.pth").write_text("\n".join(path for path in sys.path if "site-packages" in path))
    done = npuport("sim", "exec", "--", str(python), "-c", USE)
    assert done.stdout.strip().endswith(USED), done.stderr
