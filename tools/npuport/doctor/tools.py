"""The programs that npuport runs: Python, git, make, a C++ compiler, CMake."""

import os
import platform
import shutil
import sys
from pathlib import Path

from npuport.base.process import run
from npuport.doctor.check import Check, dotted, install, version_in
from npuport.git.process import OLDEST

PYTHON = (3, 11)
CMAKE = (3, 20)
#: The C++ of the simulator's sources and of torch's headers.
STANDARD = "c++20"
SAMPLE = "#include <concepts>\n#include <vector>\nint main() { return std::integral<int> ? 0 : 1; }\n"


def python() -> Check:
    """Check the version of the Python that runs npuport, and so the model."""
    found = f"{platform.python_version()}, {sys.executable}"
    if sys.version_info[:2] < PYTHON:
        return Check("Python", "wrong", found, f"make PYTHON=python{dotted(PYTHON)}")
    return Check("Python", "good", found)


def git() -> Check:
    """Check that git is new enough for the options that `npuport.git.process` uses."""
    hint = install(default="git")
    path = shutil.which("git")
    if path is None:
        return Check("git", "missing", "no git on PATH", hint)
    return new_enough("git", path, OLDEST, hint)


def make() -> Check:
    """Check that there is a make, of any version."""
    path = shutil.which("make")
    if path is None:
        return Check("make", "missing", "no make on PATH", install(default="make"))
    ran = run([path, "--version"], seconds=10)
    first = ran.out.partition("\n")[0].strip()
    return Check("make", "good", f"{first or 'make'}, {path}")


def compiler() -> Check:
    """Check that the C++ compiler compiles a few lines: its library may be missing."""
    hint = install(default="g++", dnf="gcc-c++", yum="gcc-c++", zypper="gcc-c++", pacman="gcc", brew="gcc")
    chosen = os.environ.get("CXX")
    names = [chosen] if chosen else ["g++", "c++", "clang++"]
    path = next((found for found in map(shutil.which, names) if found), None)
    if path is None and chosen:
        return Check("compiler", "wrong", f"CXX names {chosen}, which is not on PATH", "unset CXX")
    if path is None:
        return Check("compiler", "missing", "no C++ compiler on PATH", hint)
    first = run([path, "--version"], seconds=20).out.partition("\n")[0].strip()
    tried = run([path, f"-std={STANDARD}", "-fsyntax-only", "-x", "c++", "-"], seconds=30, stdin=SAMPLE)
    if tried.code:
        error = next((line.strip() for line in tried.err.splitlines() if "error" in line), tried.last_line)
        return Check("compiler", "wrong", f"{first or path} does not compile {STANDARD}: {error}", hint)
    return Check("compiler", "good", f"{first}, {path}")


def cmake() -> Check:
    """Check the CMake of this environment, else the system's."""
    beside = Path(sys.executable).parent
    path = shutil.which("cmake", path=f"{beside}{os.pathsep}{os.environ.get('PATH', os.defpath)}")
    hint = f"{sys.executable} -m pip install 'cmake>={dotted(CMAKE)}'"
    if path is None:
        return Check("CMake", "missing", "no cmake on PATH", hint)
    return new_enough("CMake", path, CMAKE, hint)


def new_enough(name: str, path: str, needed: tuple[int, ...], hint: str) -> Check:
    """Check that a program runs and has the needed version or a newer one."""
    ran = run([path, "--version"], seconds=20)
    version = version_in(ran.out)
    if ran.code or not version:
        return Check(name, "wrong", f"{path}: {ran.last_line}", hint)
    if version < needed:
        return Check(name, "wrong", f"{dotted(version)}, {path}; {dotted(needed)} is needed", hint)
    return Check(name, "good", f"{dotted(version)}, {path}")
