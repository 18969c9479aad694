"""The rooms of npuport, as their imports have them: each folder, or module outside of one, is a room.

A room may import those on lower floors. Late imports, which stand inside a function, count as well. The tests
read these floors:

    14  __main__
    13  cli
    12  commands
    11  edit, release.scripts
    10  rebase, release, suite.checks
     9  suite, bench
     8  weights, lint, audit, doctor
     7  port
     6  parity
     5  device
     4  source, patch, adapter
     3  git, simulator
     2  base, simulator.startup
     1  __init__
"""

import ast
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from graphlib import CycleError, TopologicalSorter

from npuport.base.places import HARNESS

PACKAGE = HARNESS / "tools" / "npuport"

#: The floor of each room.
FLOOR = {
    room: int(floor)
    for floor, rooms in re.findall(r"^ +(\d+)  (.+)$", __doc__ or "", re.M)
    for room in rooms.split(", ")
}


@dataclass(frozen=True)
class LateImport:
    """An import of npuport inside a function."""

    place: str
    reason: bool


@dataclass
class Module:
    """A module: what it imports of npuport, and what the tests below count."""

    name: str
    source: str
    imports: set[str] = field(default_factory=set)
    late: list[LateImport] = field(default_factory=list)
    classes: list[str] = field(default_factory=list)


def room_of(module: str) -> str:
    """The folder of a module, or the module itself where it is in none: `base` for `base.files`."""
    return module.rpartition(".")[0] or module


@cache
def modules() -> Mapping[str, Module]:
    """The modules of the package, by their names below `npuport`."""
    names = {
        ".".join(path.relative_to(PACKAGE).with_suffix("").parts): path for path in PACKAGE.rglob("*.py")
    }
    found = {name: Module(name, path.read_text(encoding="utf-8")) for name, path in sorted(names.items())}
    for module in found.values():
        tree = ast.parse(module.source)
        inside = {
            id(node)
            for function in ast.walk(tree)
            if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
            for node in ast.walk(function)
        }
        module.classes += [node.name for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
        for node in ast.walk(tree):
            imported = set(_imported(node, found)) - {module.name}
            module.imports |= imported
            if imported and id(node) in inside and isinstance(node, ast.stmt):
                module.late.append(
                    LateImport(f"{module.name}:{node.lineno}", _has_reason(module.source, node))
                )
    return found


def _imported(node: ast.AST, names: Iterable[str]) -> Iterator[str]:
    """The modules of npuport that a statement imports."""
    wanted: list[str] = []
    if isinstance(node, ast.Import):
        wanted = [alias.name for alias in node.names]
    elif isinstance(node, ast.ImportFrom):
        assert node.level == 0, f"a relative import in line {node.lineno}"
        wanted = [f"{node.module}.{alias.name}" for alias in node.names]
        wanted += [] if all(_module(name, names) for name in wanted) else [node.module or ""]
    for name in wanted:
        if module := _module(name, names):
            yield module


def _module(dotted: str, names: Iterable[str]) -> str:
    """`port.lock` for `npuport.port.lock`; empty for what is not a module of npuport."""
    package, _, name = dotted.partition(".")
    candidates = (name, f"{name}.__init__") if name else ("__init__",)
    return next((c for c in candidates if package == "npuport" and c in names), "")


def _has_reason(source: str, node: ast.stmt) -> bool:
    """Whether a comment stands beside or above an import, or the imports right above it."""
    lines = source.split("\n")[: node.end_lineno]
    first = node.lineno - 1
    while lines[first - 1].lstrip().startswith(("from ", "import ")):
        first -= 1
    return lines[first - 1].lstrip().startswith("#") or any("#" in line for line in lines[first:])


def arrows() -> dict[str, set[str]]:
    """The rooms that each room imports."""
    found: dict[str, set[str]] = defaultdict(set)
    for module in modules().values():
        found[room_of(module.name)] |= {room_of(name) for name in module.imports} - {room_of(module.name)}
    return found


def test_no_circle_of_files() -> None:
    try:
        TopologicalSorter({name: module.imports for name, module in modules().items()}).prepare()
    except CycleError as circle:
        raise AssertionError(" -> ".join(circle.args[1])) from None


def test_no_room_imports_one_of_its_own_floor_or_above() -> None:
    assert set(FLOOR) == {room_of(name) for name in modules()}
    up = [
        f"{module.name} imports {name}"
        for module in modules().values()
        for name in module.imports
        if room_of(name) != room_of(module.name) and FLOOR[room_of(name)] >= FLOOR[room_of(module.name)]
    ]
    assert up == []


def test_no_chain_of_rooms_is_longer_than_eleven() -> None:
    rooms = arrows()
    chains: dict[str, list[str]] = {}
    for room in TopologicalSorter(rooms).static_order():
        chains[room] = [room, *max((chains[lower] for lower in rooms[room]), key=len, default=[])]
    longest = max(chains.values(), key=len)
    assert len(longest) <= 11, " -> ".join(longest)


def test_rooms_and_modules_outside_of_them_are_few() -> None:
    assert len({room_of(name) for name in modules()}) <= 30
    assert len([name for name in modules() if "." not in name]) <= 5


def test_no_two_classes_have_one_name() -> None:
    places: dict[str, list[str]] = defaultdict(list)
    for module in modules().values():
        for name in module.classes:
            places[name].append(module.name)
    assert {name: where for name, where in places.items() if len(where) > 1} == {}


def test_late_imports_are_few_and_have_reasons() -> None:
    late = [statement for module in modules().values() for statement in module.late]
    assert [statement.place for statement in late if not statement.reason] == []
    assert len(late) <= 45


def test_values_of_any_shape_are_few() -> None:
    assert sum(module.source.count("dict[str, Any]") for module in modules().values()) <= 25
