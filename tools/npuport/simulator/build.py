"""Builds the simulator for a Python's torch and torch_npu, and keeps it in the cache.

<cache>/softcann/<key>/lib/*.so     the libraries
<cache>/softcann/<key>/built.json   the inputs of the build
<cache>/softcann/<key>.log          the output of CMake and the compiler
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
from typing import TypedDict

from npuport.base import files, process
from npuport.base.errors import PortError
from npuport.base.places import TOOLS, cache_dir
from npuport.simulator import packages
from npuport.simulator.startup import softcann_startup

SOURCES = TOOLS / "softcann"

#: Files with another suffix, such as an editor's, do not change the build's key.
_SOURCE_SUFFIXES = {".cpp", ".h", ".py", ".txt"}


class BuildInputs(TypedDict):
    """Everything that a build depends on."""

    torch: packages.Package
    torch_npu: packages.Package
    python: str
    compiler: str
    sources: str


@dataclass(frozen=True)
class BuildPlan:
    """A build of the simulator.

    Args:
        directory: the directory of the built simulator, which may not exist yet.
        inputs: what the key, the directory's name, is computed from.
        tools: the paths of `cmake`, `cxx` and `ninja`; the last may be empty.
    """

    directory: Path
    inputs: BuildInputs
    tools: Mapping[str, str]


def plan(python: str = sys.executable) -> BuildPlan:
    """The build for a Python; builds nothing and imports neither torch nor torch_npu.

    Args:
        python: the interpreter whose torch it is for.

    Raises:
        PortError: torch, torch_npu, CMake or a C++ compiler is missing.
    """
    cmake = _beside_python("cmake")
    if not cmake:
        raise PortError("cmake is not installed", hint="pip install cmake")
    tools = {"cmake": cmake, "cxx": _compiler(), "ninja": _beside_python("ninja") or ""}
    tag, installed = _packages(python)
    inputs: BuildInputs = {
        "torch": installed["torch"],
        "torch_npu": installed["torch_npu"],
        "python": f"{tag}-{os.uname().machine}",
        "compiler": f"{tools['cxx']}: {process.run([tools['cxx'], '--version']).out.partition(chr(10))[0]}",
        "sources": _digest_of_sources(),
    }
    key = sha256(json.dumps(inputs, sort_keys=True).encode()).hexdigest()[:16]
    return BuildPlan(cache_dir() / "softcann" / key, inputs, tools)


def built(directory: Path) -> bool:
    """Whether a directory holds a complete simulator."""
    return (directory / "built.json").is_file()


def ensure_built(progress: Callable[[str], None] = lambda _line: None, python: str = sys.executable) -> Path:
    """The directory of the simulator for a Python, which is built if it does not exist.

    Under `npuport sim exec` it is the simulator that this process runs on, even if the sources have changed.

    Args:
        progress: called with a line of text before and after a build.
        python: the interpreter that will run on it.

    Raises:
        PortError: a tool is missing, or the build failed; the message has the compiler's first error.
    """
    if inherited := _inherited(python):
        return inherited
    wanted = plan(python)
    directory = wanted.directory
    if built(directory):
        return directory
    lock = directory.with_suffix(".lock")
    with files.exclusive(lock, waiting=lambda: progress("waiting for another build of the simulator")):
        if not built(directory):
            progress("building the simulator (about a minute, once)")
            start = time.monotonic()
            _build(wanted)
            progress(f"built the simulator in {time.monotonic() - start:.0f} s")
    return directory


def _inherited(python: str) -> Path | None:
    """The simulator that this process runs on, if it is one for that Python's torch."""
    directory = Path(os.environ.get(softcann_startup.VARIABLE) or os.devnull)
    if not built(directory):
        return None
    inputs = json.loads((directory / "built.json").read_text(encoding="utf-8"))
    return directory if inputs["torch"] == _packages(python)[1]["torch"] else None


def _build(wanted: BuildPlan) -> None:
    """Build in a staging directory and publish it by a rename. The caller holds the lock."""
    tools, inputs = wanted.tools, wanted.inputs
    path = wanted.directory.with_suffix(".log")
    with files.staged_directory(path.parent) as staging, path.open("w", encoding="utf-8") as log:
        work, tree = staging / "work", staging / "tree"
        generator = ["-G", "Ninja", f"-DCMAKE_MAKE_PROGRAM={tools['ninja']}"] if tools["ninja"] else []
        configure = [
            *(tools["cmake"], "-S", str(SOURCES), "-B", str(work), *generator),
            f"-DCMAKE_CXX_COMPILER={tools['cxx']}",
            f"-DTORCH_DIR={inputs['torch']['directory']}",
            f"-DTORCH_NPU_DIR={inputs['torch_npu']['directory']}",
            f"-DPython3_EXECUTABLE={sys.executable}",
        ]
        compile_all = [tools["cmake"], "--build", str(work), "--parallel", str(os.cpu_count() or 1)]
        for command in (configure, compile_all):
            print("$", *command, file=log, flush=True)
            done = subprocess.run(command, stdout=log, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
            if done.returncode:
                error = first_error(path.read_text(encoding="utf-8", errors="replace"))
                raise PortError(f"the simulator does not build: {error}", hint=f"read {path}")
        shutil.copytree(work / "lib", tree / "lib")
        (tree / "built.json").write_text(json.dumps(inputs, indent=2) + "\n", encoding="utf-8")
        tree.rename(wanted.directory)


def first_error(text: str) -> str:
    """The first error in the output of CMake and a compiler, as one line; the last line if none is marked."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    for number, line in enumerate(lines):
        if re.search(r"\berror: |undefined reference|cannot find -l", line):
            return line
        if line.startswith("CMake Error"):
            return " ".join(lines[number : number + 2])
    return lines[-1] if lines else "no output"


def _packages(python: str) -> tuple[str, dict[str, packages.Package]]:
    """A Python's tag, and its torch and torch_npu.

    Raises:
        PortError: one of the two is not installed, or the program is not a Python.
    """
    if python == sys.executable:
        tag, installed = packages.python_packages()
    elif (done := process.run([python, packages.__file__])).code == 0:
        tag, installed = json.loads(done.out)
    else:
        raise PortError(
            f"{python} is not a working Python", hint="name an interpreter of Python 3.9 or newer"
        )
    for name in ("torch", "torch_npu"):
        if name not in installed:
            raise PortError(f"{name} is not installed in {python}", hint=f"{python} -m pip install {name}")
    return tag, installed


def _beside_python(name: str) -> str | None:
    """The path of a program in this environment, else on PATH."""
    beside = Path(sys.executable).parent / name
    return str(beside) if os.access(beside, os.X_OK) else shutil.which(name)


def _compiler() -> str:
    named = os.environ.get("CXX", "")
    for name in [named] if named else ["g++", "c++", "clang++"]:
        if path := shutil.which(name):
            return path
    raise PortError(
        f"no C++ compiler: {named or 'g++'} is not on PATH", hint="install g++ 10 or later (apt install g++)"
    )


def _digest_of_sources() -> str:
    digest = sha256()
    for path in sorted(SOURCES.rglob("*")):
        name = path.relative_to(SOURCES).as_posix()
        if path.suffix in _SOURCE_SUFFIXES and path.is_file() and not name.startswith("tests/"):
            digest.update(f"{name}\0".encode() + sha256(path.read_bytes()).digest())
    return digest.hexdigest()
