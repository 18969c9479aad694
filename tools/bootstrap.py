#!/usr/bin/env python3
"""Make `.venv`, the repository's environment, and install what a make target needs.

`python3 tools/bootstrap.py port|npu|docs|dev`, from the Makefile. Standard library only. A second run with
nothing changed does nothing. Where torch and torch_npu are already installed and import (a machine with
CANN), the environment sees them and none is installed.
"""

import hashlib
import json
import os
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
CONSTRAINTS = ROOT / "constraints.txt"
#: In a finished `.venv`: whether it uses its own torch.
MADE = VENV / ".npuport-made"
#: Extras of pyproject.toml, by profile.
PROFILES = {
    "port": (),
    "npu": ("npu",),
    "release": ("npu", "release"),
    "docs": ("docs",),
    "dev": ("npu", "release", "docs", "dev"),
}


class BootstrapError(Exception):
    """An error that the user can fix, in one line."""


def report(text: str) -> None:
    """Print one line of progress."""
    print(f"==> {text}", file=sys.stderr, flush=True)


def pip(*arguments: str, capture: bool = False, **environment: str) -> str:
    """Run the environment's pip, and return its output if it is captured."""
    command = [str(PYTHON), "-m", "pip", "--disable-pip-version-check", "--quiet", *arguments]
    done = subprocess.run(
        command, env={**os.environ, **environment}, stdout=subprocess.PIPE if capture else None, text=True
    )
    if done.returncode:
        raise BootstrapError(f"pip {arguments[0]} failed\nhint: read pip's messages above, run make again")
    return done.stdout or ""


def pinned(name: str) -> str:
    """The requirement `name==version` of constraints.txt."""
    lines = CONSTRAINTS.read_text(encoding="utf-8").splitlines()
    return next(line.split()[0] for line in lines if line.startswith(f"{name}=="))


def imports(python: str, *modules: str) -> bool:
    """Whether a Python can import the modules, in a child: a broken torch_npu may end the process."""
    code = f"import importlib.util as u; assert all(map(u.find_spec, {modules!r}))"
    code += "".join(f"; import {module}" for module in modules)
    return subprocess.run([python, "-c", code], capture_output=True).returncode == 0


def make_environment() -> None:
    """Create `.venv`; an unfinished one is made anew."""
    if MADE.exists() and PYTHON.exists():
        return
    inherit = imports(sys.executable, "torch", "torch_npu")
    report(f"environment: .venv{', with the torch and torch_npu already installed' if inherit else ''}")
    venv.create(VENV, with_pip=True, clear=True, symlinks=True, system_site_packages=inherit)
    if (
        inherit and sys.prefix != sys.base_prefix
    ):  # `venv` inherits from the Python below an environment, not from the environment
        packages = next(VENV.glob("lib/python3*/site-packages"))
        (packages / "inherited.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    MADE.write_text("inherits torch" if inherit else "has its own torch", encoding="utf-8")


def inherits_torch() -> bool:
    """Whether the environment uses the torch and torch_npu of the Python that made it."""
    return MADE.read_text(encoding="utf-8") == "inherits torch"


def constraints() -> str:
    """The path of the constraints that apply: all, or all but those of an inherited torch and torch_npu."""
    if not inherits_torch():
        return str(CONSTRAINTS)
    rest = VENV / "constraints.txt"
    lines = CONSTRAINTS.read_text(encoding="utf-8").splitlines(keepends=True)
    rest.write_text("".join(line for line in lines if not line.startswith("torch")), encoding="utf-8")
    return str(rest)


def install_torch() -> None:
    """Install the CPU build of the pinned torch, unless the environment has or inherits one.

    PyPI's torch for x86-64 requires several GB of CUDA, so pip first reports what it would install.
    """
    requirement = pinned("torch")
    installed = list(
        VENV.glob(f"lib/python3*/site-packages/torch-{requirement.partition('==')[2]}*.dist-info")
    )
    if inherits_torch() or installed:
        return
    index = os.environ.get("NPUPORT_TORCH_INDEX")
    environment = {"PIP_INDEX_URL": index} if index else {}
    report(f"environment: {requirement}, CPU build")
    plan = pip(
        "install", "--dry-run", "--ignore-installed", "--no-deps", "--report", "-", requirement,
        capture=True, **environment,
    )  # fmt: skip
    needs = json.loads(plan)["install"][0]["metadata"].get("requires_dist", [])
    if any(need.startswith(("nvidia-", "cuda-", "triton")) and "extra ==" not in need for need in needs):
        raise BootstrapError(
            f"the package index offers only a CUDA build of {requirement}\nhint: make with "
            "NPUPORT_TORCH_INDEX=<PyTorch's index of CPU wheels, as its Get Started page names it>"
        )
    pip("install", "--no-compile", "--constraint", constraints(), requirement, **environment)


def state() -> str:
    """A digest of what decides an environment's contents: this Python, and the files that list packages."""
    digest = hashlib.sha256(sys.version.encode())
    for file in (ROOT / "pyproject.toml", CONSTRAINTS, Path(__file__)):
        digest.update(file.read_bytes())
    return digest.hexdigest()


def install(profile: str) -> None:
    """Install a profile's packages, unless they were installed from the same `state`."""
    wider = [name for name in PROFILES if set(PROFILES[profile]) <= set(PROFILES[name])]
    stamps = {name: VENV / f".npuport-{name}" for name in wider}
    if any(stamp.exists() and stamp.read_text() == state() for stamp in stamps.values()):
        return
    extras = PROFILES[profile]
    if "npu" in extras:
        install_torch()
    report(f"environment: what `{profile}` needs")
    wanted = f"{ROOT}[{','.join(extras)}]" if extras else str(ROOT)
    pip("install", "--no-compile", "--constraint", constraints(), "--editable", wanted)
    # Bytecode on all cores; pip would use one. Compiling torch_npu prints warnings.
    packages = [str(directory) for directory in VENV.glob("lib/python3*/site-packages")]
    command = [str(PYTHON), "-W", "ignore", "-m", "compileall", "-q", "-j", "0", *packages]
    subprocess.run(command, check=False, stdout=subprocess.DEVNULL)
    stamps[profile].write_text(state())


def main() -> int:
    """Return the exit code: 0 for a finished environment, 1 for an error, 2 for wrong usage."""
    if sys.version_info < (3, 11):  # noqa: UP036 - run by any Python
        print("error: npuport needs Python 3.11 or newer\nhint: make PYTHON=python3.11", file=sys.stderr)
        return 1
    if len(sys.argv) != 2 or sys.argv[1] not in PROFILES:
        print(f"usage: bootstrap.py {'|'.join(PROFILES)}", file=sys.stderr)
        return 2
    try:
        make_environment()
        install(sys.argv[1])
    except BootstrapError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"error: {VENV}: {error}\nhint: remove .venv and run make again", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
