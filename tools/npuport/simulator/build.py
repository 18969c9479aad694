"""Building the simulator on demand, against the torch and torch_npu of this Python, and keeping it.

<cache>/softcann/<key>/lib/*.so     the libraries
<cache>/softcann/<key>/built.json   what they were built from
<cache>/softcann/<key>.log          what the compiler said
"""

import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from npuport.base import files
from npuport.base.errors import PortError
from npuport.base.places import HARNESS, cache_dir
from npuport.simulator import packages
from npuport.simulator.startup import softcann_startup

SOURCES = HARNESS / "tools" / "softcann"

#: What tells a source of the simulator from what an editor leaves beside it.
_SOURCE_SUFFIXES = {".cpp", ".h", ".py", ".txt"}


@dataclass(frozen=True)
class Plan:
    """A build: from what, by what, to where.

    Args:
        directory: where the built simulator is, or will be.
        inputs: what the key is made of.
        tools: the programs that build it.
    """

    directory: Path
    inputs: Mapping[str, Any]
    tools: Mapping[str, str]

    @property
    def log(self) -> Path:
        """What the compiler said."""
        return self.directory.with_suffix(".log")


def plan(python: str = sys.executable) -> Plan:
    """What a build would take here, and where it goes. Builds nothing, imports neither torch nor torch_npu.

    Args:
        python: the interpreter whose torch it is for.

    Raises:
        PortError: torch, torch_npu, CMake or a C++ compiler is missing.
    """
    tools = {"cmake": _program("cmake"), "cxx": _compiler(), "ninja": _beside_python("ninja") or ""}
    found = _packages(python)
    inputs = {
        **{name: found[name] for name in ("torch", "torch_npu")},
        "python": f"{found['python']['tag']}-{os.uname().machine}",
        "compiler": _version(tools["cxx"]),
        "sources": _digest_of_sources(),
    }
    key = sha256(json.dumps(inputs, sort_keys=True).encode()).hexdigest()[:16]
    return Plan(cache_dir() / "softcann" / key, inputs, tools)


def built(directory: Path) -> bool:
    """Whether a complete simulator is there."""
    return (directory / "built.json").is_file()


def ensure_built(progress: Callable[[str], None] = lambda _line: None, python: str = sys.executable) -> Path:
    """The directory of the simulator for a Python; built first where it is not there yet.

    Under `npuport sim exec` that is the simulator it runs on, whatever has become of the sources since.

    Args:
        progress: told, in one line each, what takes long.
        python: the interpreter that is to run on it.

    Raises:
        PortError: something to build with is missing, or it does not compile: the compiler's first error.
    """
    if inherited := _inherited(python):
        return inherited
    wanted = plan(python)
    if built(wanted.directory):
        return wanted.directory
    place = wanted.directory.parent
    lock = place / f"{wanted.directory.name}.lock"
    with files.exclusive(lock, waiting=lambda: progress("waiting for another build of the simulator")):
        if not built(wanted.directory):
            progress("building the simulator (about a minute, once)")
            start = time.monotonic()
            _build(wanted)
            progress(f"built the simulator in {time.monotonic() - start:.0f} s")
    return wanted.directory


def _inherited(python: str) -> Path | None:
    """The simulator that this process runs on already, if it is one for that Python's torch."""
    directory = Path(os.environ.get(softcann_startup.VARIABLE) or os.devnull)
    if not built(directory):
        return None
    inputs = json.loads((directory / "built.json").read_text(encoding="utf-8"))
    return directory if inputs["torch"] == _packages(python)["torch"] else None


def _build(wanted: Plan) -> None:
    """Build in staging, publish by rename. The caller holds the lock."""
    place = wanted.directory.parent
    with files.staged_directory(place) as staging, wanted.log.open("w", encoding="utf-8") as log:
        work, tree = staging / "work", staging / "tree"
        generator = (
            ["-G", "Ninja", f"-DCMAKE_MAKE_PROGRAM={wanted.tools['ninja']}"] if wanted.tools["ninja"] else []
        )
        _step(
            wanted,
            log,
            [
                *(wanted.tools["cmake"], "-S", str(SOURCES), "-B", str(work), *generator),
                f"-DCMAKE_CXX_COMPILER={wanted.tools['cxx']}",
                f"-DTORCH_DIR={wanted.inputs['torch']['directory']}",
                f"-DTORCH_NPU_DIR={wanted.inputs['torch_npu']['directory']}",
                f"-DPython3_EXECUTABLE={sys.executable}",
            ],
        )
        _step(
            wanted, log, [wanted.tools["cmake"], "--build", str(work), "--parallel", str(os.cpu_count() or 1)]
        )
        shutil.copytree(work / "lib", tree / "lib")
        (tree / "built.json").write_text(json.dumps(wanted.inputs, indent=2) + "\n", encoding="utf-8")
        tree.rename(wanted.directory)


def _step(wanted: Plan, log: Any, command: list[str]) -> None:
    log.write(f"$ {' '.join(command)}\n")
    log.flush()
    done = subprocess.run(
        command, stdout=log, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, check=False
    )
    if done.returncode:
        first = first_error(wanted.log.read_text(encoding="utf-8", errors="replace"))
        raise PortError(f"the simulator does not build: {first}", hint=f"read {wanted.log}")


def first_error(text: str) -> str:
    """The first error in what CMake and a compiler said, in one line; the last line where none is marked."""
    lines = text.splitlines()
    for number, line in enumerate(lines):
        if re.search(r"\berror: |undefined reference|cannot find -l", line):
            return line.strip()
        if line.startswith("CMake Error"):
            rest = next((later.strip() for later in lines[number + 1 :] if later.strip()), "")
            return f"{line.strip()} {rest}".strip()
    return next((line.strip() for line in reversed(lines) if line.strip()), "no output")


def _packages(python: str) -> dict[str, dict[str, str]]:
    """Version and directory of a Python's torch and torch_npu, and the Python's own tag.

    Raises:
        PortError: one of the two is not installed there, or it is no Python.
    """
    if python == sys.executable:
        found = packages.find()
    else:
        command = [python, packages.__file__]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise PortError(f"{python} is no Python that answers", hint="name a Python of 3.9 or newer")
        found = json.loads(done.stdout)
    for name in ("torch", "torch_npu"):
        if name not in found:
            raise PortError(f"{name} is not installed in {python}", hint=f"{python} -m pip install {name}")
    return found


def _beside_python(name: str) -> str | None:
    """A program of this environment, else one on PATH."""
    beside = Path(sys.executable).parent / name
    return str(beside) if os.access(beside, os.X_OK) else shutil.which(name)


def _program(name: str) -> str:
    found = _beside_python(name)
    if not found:
        raise PortError(f"{name} is missing", hint=f"pip install {name}")
    return found


def _compiler() -> str:
    named = os.environ.get("CXX", "")
    for name in [named] if named else ["g++", "c++", "clang++"]:
        if found := shutil.which(name):
            return found
    raise PortError(
        f"no C++ compiler: {named or 'g++'} is not on PATH", hint="install g++ 10 or later (apt install g++)"
    )


def _version(compiler: str) -> str:
    done = subprocess.run([compiler, "--version"], capture_output=True, text=True, check=False)
    return f"{compiler}: {(done.stdout.splitlines() or [''])[0]}"


def _digest_of_sources() -> str:
    digest = sha256()
    tests = SOURCES / "tests"
    for path in sorted(SOURCES.rglob("*")):
        if path.suffix in _SOURCE_SUFFIXES and path.is_file() and tests not in path.parents:
            digest.update(f"{path.relative_to(SOURCES).as_posix()}\0".encode())
            digest.update(sha256(path.read_bytes()).digest())
    return digest.hexdigest()
