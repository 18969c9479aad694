"""A real Ascend: CANN, the driver, the devices, by their files and by `npu-smi`."""

import os
import platform
import re
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

from npuport.base.process import run
from npuport.device import choose
from npuport.doctor.check import Check, State

#: Where CANN's installers put it by default.
USUAL = (Path("/usr/local/Ascend/ascend-toolkit/latest"), Path("/usr/local/Ascend/cann"))
DRIVER = Path("/usr/local/Ascend/driver")
PAGE = "https://www.hiascend.com/cann/download"


def cann(environment: Mapping[str, str] = os.environ, usual: tuple[Path, ...] = USUAL) -> Check:
    """Check that CANN is installed and that this shell's environment names it.

    Args:
        environment: the shell's.
        usual: where to look when it does not name CANN.
    """
    named = environment.get("ASCEND_HOME_PATH") or environment.get("ASCEND_TOOLKIT_HOME")
    if named is None:
        home = next((home for home in usual if (home / "lib64").is_dir()), None)
        if home is None:
            return Check("CANN", "missing", "no ASCEND_HOME_PATH", f"install CANN from {PAGE}")
        found = f"{cann_version(home)}, {home}, but ASCEND_HOME_PATH is not set"
        return Check("CANN", "wrong", found, f"source {set_env(home)}")
    home = Path(named)
    if not (home / "lib64" / "libascendcl.so").is_file():
        found = f"ASCEND_HOME_PATH is {home}, which holds no lib64/libascendcl.so"
        return Check("CANN", "wrong", found, "source CANN's set_env.sh, or unset ASCEND_HOME_PATH")
    return Check("CANN", "good", f"{cann_version(home)}, {home}")


def cann_version(home: Path) -> str:
    """The version in the files of CANN's installer."""
    for file in (
        home / f"{platform.machine()}-linux" / "ascend_toolkit_install.info",
        home / "ascend_toolkit_install.info",
        home / "version.cfg",
        home / "compiler" / "version.info",
    ):
        if file.is_file():
            match = re.search(r"^[Vv]ersion=(\S+)|running_version=\[([^\]]+)", read(file), re.MULTILINE)
            if match:
                return match[1] or match[2]
    return "unknown version"


def set_env(home: Path) -> Path:
    """The script that puts CANN into a shell's environment: beside the versions, or in the version itself."""
    beside = home.parent / "set_env.sh"
    return beside if beside.is_file() else home / "set_env.sh"


def driver(directory: Path = DRIVER) -> Check:
    """Check the driver: its version file, and `npu-smi`."""
    info = directory / "version.info"
    match = re.search(r"^[Vv]ersion=(\S+)", read(info), re.MULTILINE) if info.is_file() else None
    smi = shutil.which("npu-smi")
    if smi is None:
        if match is None:
            return Check(
                "driver", "missing", "no npu-smi, no driver", "install the Ascend driver and firmware"
            )
        found = f"{match[1]}, but npu-smi is not on PATH"
        return Check("driver", "wrong", found, f"source {directory.parent}/driver/bin/setenv.bash")
    ran = run([smi, "info"], seconds=30)
    if ran.code:
        return Check("driver", "wrong", f"npu-smi: {ran.last_line}", "reinstall the Ascend driver")
    version = match[1] if match else (re.search(r"Version:\s*(\S+)", ran.out) or ["", "unknown version"])[1]
    return Check("driver", "good", f"{version}, {smi}")


def devices(directory: Path = Path("/dev")) -> Check:
    """Check that the device files exist and that this user may open them."""
    nodes = sorted(node_names(directory))
    if not nodes:
        return Check(
            "devices",
            "missing",
            f"no {directory}/davinci*",
            "run on the simulator, or on a machine with an NPU",
        )
    manager = directory / "davinci_manager"
    shut = [str(node) for node in [*nodes, manager] if not os.access(node, os.R_OK | os.W_OK)]
    listed = f"{len(nodes)}: {', '.join(node.name for node in nodes)}"
    if not manager.exists():
        found = f"{listed}, but no {manager}"
        return Check("devices", "wrong", found, f"pass {manager} into the container as well")
    if shut:
        found = f"{listed}, but this user may not open {shut[0]}"
        return Check("devices", "wrong", found, "sudo usermod -aG HwHiAiUser $USER, then log in again")
    return Check("devices", "good", listed)


def npu() -> Check:
    """Check in a child process that the NPU computes through torch_npu."""
    answer = choose.probe()
    if answer.missing:
        state: State = "wrong" if any(node_names(Path("/dev"))) else "missing"
        return Check("NPU", state, answer.missing, "fix the lines above, or run on the simulator")
    return Check("NPU", "good", answer.name)


def node_names(directory: Path) -> Iterator[Path]:
    """`davinci0`, `davinci1`, ...: one for each NPU."""
    return (node for node in directory.glob("davinci*") if re.fullmatch(r"davinci\d+", node.name))


def read(file: Path) -> str:
    """A text file, with invalid bytes replaced."""
    return file.read_text(encoding="utf-8", errors="replace")
