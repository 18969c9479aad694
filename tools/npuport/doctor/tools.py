"""The programs that the harness calls: Python, git, make, a C++ compiler, CMake."""

import os
import platform
import shutil
import sys
from pathlib import Path

from npuport.base.process import run
from npuport.doctor.finding import Finding, dotted, install, version_in
from npuport.git.process import OLDEST

PYTHON = (3, 11)
CMAKE = (3, 20)
#: What the simulator's sources and torch's headers ask of a compiler.
STANDARD = "c++20"
SAMPLE = "#include <concepts>\n#include <vector>\nint main() { return std::integral<int> ? 0 : 1; }\n"


def python() -> Finding:
    """The Python that runs npuport, which is the one that will run the model."""
    found = f"{platform.python_version()}, {sys.executable}"
    if sys.version_info[:2] < PYTHON:
        return Finding("Python", "wrong", found, f"make PYTHON=python{dotted(PYTHON)}")
    return Finding("Python", "good", found)


def git() -> Finding:
    """Git, new enough for the options that `npuport.git.process` gives it."""
    hint = install(default="git")
    path = shutil.which("git")
    if path is None:
        return Finding("git", "missing", "no git on PATH", hint)
    return new_enough("git", path, OLDEST, hint)


def make() -> Finding:
    """Any make: the Makefile asks for nothing special."""
    path = shutil.which("make")
    if path is None:
        return Finding("make", "missing", "no make on PATH", install(default="make"))
    ran = run([path, "--version"], seconds=10)
    first = ran.out.partition("\n")[0].strip()
    return Finding("make", "good", f"{first or 'make'}, {path}")


def compiler() -> Finding:
    """The compiler that builds the simulator, tried on a few lines: its library may be missing."""
    hint = install(default="g++", dnf="gcc-c++", yum="gcc-c++", zypper="gcc-c++", pacman="gcc", brew="gcc")
    chosen = os.environ.get("CXX")
    names = [chosen] if chosen else ["g++", "c++", "clang++"]
    path = next((found for found in map(shutil.which, names) if found), None)
    if path is None and chosen:
        return Finding("compiler", "wrong", f"CXX names {chosen}, which is not on PATH", "unset CXX")
    if path is None:
        return Finding("compiler", "missing", "no C++ compiler on PATH", hint)
    first = run([path, "--version"], seconds=20).out.partition("\n")[0].strip()
    tried = run([path, f"-std={STANDARD}", "-fsyntax-only", "-x", "c++", "-"], seconds=30, stdin=SAMPLE)
    if tried.code:
        error = next((line.strip() for line in tried.err.splitlines() if "error" in line), tried.last_line)
        return Finding("compiler", "wrong", f"{first or path} does not compile {STANDARD}: {error}", hint)
    return Finding("compiler", "good", f"{first}, {path}")


def cmake() -> Finding:
    """CMake of the environment's own, else the system's."""
    beside = Path(sys.executable).parent
    path = shutil.which("cmake", path=f"{beside}{os.pathsep}{os.environ.get('PATH', os.defpath)}")
    hint = f"{sys.executable} -m pip install 'cmake>={dotted(CMAKE)}'"
    if path is None:
        return Finding("CMake", "missing", "no cmake on PATH", hint)
    return new_enough("CMake", path, CMAKE, hint)


def new_enough(name: str, path: str, needed: tuple[int, ...], hint: str) -> Finding:
    """Whether a program runs and says a version that will do."""
    ran = run([path, "--version"], seconds=20)
    version = version_in(ran.out)
    if ran.code or not version:
        return Finding(name, "wrong", f"{path}: {ran.last_line}", hint)
    if version < needed:
        return Finding(name, "wrong", f"{dotted(version)}, {path}; {dotted(needed)} is needed", hint)
    return Finding(name, "good", f"{dotted(version)}, {path}")
