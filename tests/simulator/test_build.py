"""The build: the real CMake and compiler, on a source tree of a few lines."""

import json
import shutil
import threading
from pathlib import Path

import pytest

from npuport import simulator
from npuport.base.errors import PortError
from npuport.simulator import build
from npuport.simulator.startup import softcann_startup

CMAKE = """
cmake_minimum_required(VERSION 3.20)
project(small LANGUAGES CXX)
set(CMAKE_LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/lib)
add_library(small SHARED small.cpp)
"""


@pytest.fixture
def sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small source tree instead of the simulator's, and an empty cache."""
    tree = tmp_path / "sources"
    tree.mkdir()
    (tree / "CMakeLists.txt").write_text(CMAKE)
    (tree / "small.cpp").write_text("int answer() { return 42; }\n")
    monkeypatch.setattr(build, "SOURCES", tree)
    monkeypatch.setenv("NPUPORT_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv(softcann_startup.VARIABLE, raising=False)
    return tree


def cached(tmp_path: Path) -> list[str]:
    return sorted(path.name for path in (tmp_path / "cache" / "softcann").iterdir() if path.is_dir())


def test_it_is_built_once(sources: Path, tmp_path: Path) -> None:
    lines: list[str] = []
    first = simulator.ensure_built(lines.append)
    assert (first / "lib/libsmall.so").is_file()
    assert json.loads((first / "built.json").read_text()) == dict(simulator.plan().inputs)
    assert [line.split(" (")[0].split(" in ")[0] for line in lines] == [
        "building the simulator",
        "built the simulator",
    ]
    assert simulator.ensure_built(lines.append) == first
    assert len(lines) == 2
    assert cached(tmp_path) == [first.name]


def test_another_source_is_another_build(sources: Path) -> None:
    before = simulator.plan().directory
    (sources / "notes.md").write_text("no source\n")
    assert simulator.plan().directory == before
    (sources / "small.cpp").write_text("int answer() { return 43; }\n")
    assert simulator.plan().directory != before


def test_a_compile_error_is_one_line_and_leaves_nothing(sources: Path, tmp_path: Path) -> None:
    (sources / "small.cpp").write_text("int answer() { return unheard_of; }\n")
    with pytest.raises(PortError, match=r"small\.cpp:1:23: error: .unheard_of. was not declared") as caught:
        simulator.ensure_built()
    assert "\n" not in caught.value.message
    log = Path(caught.value.hint.removeprefix("read "))
    assert "unheard_of" in log.read_text()
    assert cached(tmp_path) == []
    (sources / "small.cpp").write_text("int answer() { return 42; }\n")
    assert simulator.built(simulator.ensure_built())


def test_an_error_of_cmake_is_one_line(sources: Path) -> None:
    (sources / "CMakeLists.txt").write_text(CMAKE + 'message(FATAL_ERROR "no such thing")\n')
    with pytest.raises(PortError, match=r"CMake Error at CMakeLists.txt:\d+ \(message\): no such thing"):
        simulator.ensure_built()


def test_two_builders_do_not_collide(sources: Path, tmp_path: Path) -> None:
    lines: list[str] = []
    threads = [threading.Thread(target=simulator.ensure_built, args=(lines.append,)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(line.startswith("built") for line in lines) == 1
    assert len(cached(tmp_path)) == 1


@pytest.mark.parametrize(
    ("missing", "message"),
    [("cmake", "cmake is not installed"), ("g++", "no C\\+\\+ compiler")],
    ids=["cmake", "compiler"],
)
def test_what_is_missing_is_named(
    sources: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, missing: str, message: str
) -> None:
    tools = tmp_path / "tools"
    tools.mkdir()
    for name in {"cmake", "g++"} - {missing}:
        (tools / name).symlink_to(shutil.which(name) or "/bin/false")
    monkeypatch.setenv("PATH", str(tools))
    monkeypatch.setattr(build.sys, "executable", str(tools / "python"))
    monkeypatch.delenv("CXX", raising=False)
    with pytest.raises(PortError, match=message) as caught:
        simulator.ensure_built()
    assert caught.value.hint


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("[1/9] Building\nfoo.cpp:3:1: error: no\nfoo.cpp:4:1: error: nor", "foo.cpp:3:1: error: no"),
        (
            "/usr/bin/ld: a.o: in function f:\na.cpp: undefined reference to `g'",
            "a.cpp: undefined reference to `g'",
        ),
        ("CMake Error at X (message):\n\n  broken", "CMake Error at X (message): broken"),
        ("ninja: fatal\n\n", "ninja: fatal"),
        ("", "no output"),
    ],
    ids=["compiler", "linker", "cmake", "unmarked", "silent"],
)
def test_the_first_error(text: str, line: str) -> None:
    assert build.first_error(text) == line
