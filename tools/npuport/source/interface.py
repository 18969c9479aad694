"""What changed in the interface that an adapter uses: signatures, constructors, configuration fields.

Both trees are parsed, never executed. The entry points are the names that the adapter imports from the tree;
of classes the constructor, `forward` and the methods that the adapter names.

Why not the library griffe (griffelib 2.4.1): of the 20 kinds of change that the tests hold,
`griffe.find_breaking_changes` reports 14. It reports no changed annotation, return type or field value, no
optional parameter or base class that is new, no `async`. It loads whole packages from disk: 0.6 to 0.8 s for
two trees of VTP. This module takes 0.10 to 0.15 s, since it parses only the modules of the adapter's names.
"""

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from npuport.source.names import arguments_of, defaults_of
from npuport.source.project import Project, Symbol, read_module
from npuport.source.visitor import Function

_ALWAYS = {"__init__", "forward", "__call__", "from_pretrained"}
_KINDS = ("property", "cached_property", "staticmethod", "classmethod")


@dataclass(frozen=True)
class _Parameter:
    name: str
    kind: str
    default: str
    annotation: str


def difference(old: Mapping[str, bytes], new: Mapping[str, bytes], adapter: bytes) -> tuple[str, ...]:
    """The differences of the entry points, one line each, in the order of their names.

    Args:
        old: the tree at the old pin, see `npuport.source.tree`.
        new: the tree at the new pin.
        adapter: the port's adapter, read and never executed.
    """
    module = read_module("adapter.py", adapter)
    if module is None:
        return ()
    before, after = Project(old), Project(new)
    used = module.strings | _ALWAYS
    used |= {attribute for references in module.references.values() for attribute in references.attributes}
    lines: list[str] = []
    for name in sorted({n for refs in module.references.values() for n in refs.names | refs.modules}):
        if (was := before.find(name)) and was.kind != "module":
            lines += _compare(name, was, after.find(name), (before, after), used)
    return tuple(dict.fromkeys(lines))


def _compare(
    name: str, was: Symbol, now: Symbol | None, projects: tuple[Project, Project], used: set[str]
) -> Iterator[str]:
    if now is None or now.kind == "module":
        elsewhere = _elsewhere(projects[1], was)
        yield f"{name} is gone" + (f"; {elsewhere} has one of that name" if elsewhere else "")
    elif was.kind != now.kind:
        yield f"{name}: was a {was.kind}, is a {now.kind}"
    elif was.kind == "function":
        functions = (symbol.module.functions[symbol.qualified] for symbol in (was, now))
        yield from _signatures(was.qualified, *functions)
    else:
        yield from _classes(was, now, projects, used)


def _elsewhere(project: Project, symbol: Symbol) -> str:
    """Another module that defines the name."""
    last = symbol.qualified.rpartition(".")[2].encode()
    for path, data in project.files.items():
        if path.endswith(".py") and (b"class " + last in data or b"def " + last in data):
            module = project.module(path)
            if module and (symbol.qualified in module.classes or symbol.qualified in module.functions):
                return module.name
    return ""


def _classes(was: Symbol, now: Symbol, projects: tuple[Project, Project], used: set[str]) -> Iterator[str]:
    name = was.qualified
    bases = [", ".join(ast.unparse(b) for b in s.module.classes[s.qualified].bases) for s in (was, now)]
    if bases[0] != bases[1]:
        yield f"{name}: its bases are ({bases[1]}), were ({bases[0]})"
    old_line, new_line = (list(_lineage(s, project)) for s, project in zip((was, now), projects, strict=True))
    old, new = _methods(old_line), _methods(new_line)
    for method in [method for method in old if method in used]:
        if method not in new:
            yield f"{name}.{method} is gone"
        else:
            constructs = method == "__init__"
            shown = name if constructs else f"{name}.{method}"
            yield from _signatures(shown, old[method], new[method], constructs=constructs)
    yield from _changed_fields(name, _fields(old_line), _fields(new_line))


def _lineage(symbol: Symbol, project: Project, depth: int = 0) -> Iterator[Symbol]:
    """A class and those of its bases that are in the tree."""
    yield symbol
    for base in project.bases(symbol) if depth < 20 else ():
        yield from _lineage(base, project, depth + 1)


def _methods(lineage: list[Symbol]) -> dict[str, Function]:
    methods: dict[str, Function] = {}
    for owner in lineage:
        for method in owner.module.methods.get(owner.qualified, ()):
            methods.setdefault(method, owner.module.functions[f"{owner.qualified}.{method}"])
    return methods


def _fields(lineage: list[Symbol]) -> dict[str, str]:
    """The fields of a class with their values; of a `...Config` also the attributes of its constructor."""
    fields: dict[str, str] = {}
    for owner in lineage:
        for statement in owner.module.classes[owner.qualified].body:
            if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
                value = ast.unparse(statement.value) if statement.value else "required"
                fields.setdefault(statement.target.id, value)
            elif isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
                fields.setdefault(statement.targets[0].id, ast.unparse(statement.value))
    if lineage[0].qualified.endswith("Config") and (constructor := _methods(lineage).get("__init__")):
        for node in ast.walk(constructor):
            if isinstance(node, ast.Attribute) and ast.unparse(node.value) == "self":
                fields.setdefault(node.attr, "")
    return {name: value for name, value in fields.items() if not name.startswith("_")}


def _changed_fields(name: str, old: Mapping[str, str], new: Mapping[str, str]) -> Iterator[str]:
    for field in sorted(old.keys() - new.keys()):
        yield f"{name}: field `{field}` is gone"
    for field in sorted(new.keys() - old.keys()):
        yield f"{name}: field `{field}` is new" + (f", {new[field]}" if new[field] else "")
    for field in sorted(old.keys() & new.keys()):
        if old[field] != new[field] and old[field] and new[field]:
            yield f"{name}: field `{field}` is {new[field]}, was {old[field]}"


def _parameters(function: Function) -> dict[str, _Parameter]:
    arguments = function.args
    defaults = {argument.arg: ast.unparse(value) for argument, value in defaults_of(arguments)}
    kinds = dict.fromkeys((a.arg for a in arguments.posonlyargs), "positional-only")
    kinds |= dict.fromkeys((a.arg for a in arguments.kwonlyargs), "keyword-only")
    for extra, kind in ((arguments.vararg, "*"), (arguments.kwarg, "**")):
        kinds |= {extra.arg: kind} if extra else {}
    parameters = {}
    for number, argument in enumerate(arguments_of(arguments)):
        name, annotation = argument.arg, ast.unparse(argument.annotation) if argument.annotation else ""
        if number or name not in ("self", "cls"):
            parameters[name] = _Parameter(name, kinds.get(name, ""), defaults.get(name, ""), annotation)
    return parameters


def _signatures(name: str, was: Function, now: Function, *, constructs: bool = False) -> Iterator[str]:
    """The differences of two signatures; a constructor has no result to compare."""
    old, new = _parameters(was), _parameters(now)
    for gone in [key for key in old if key not in new]:
        yield f"{name}: parameter `{gone}` is gone"
    for parameter in new.values():
        if parameter.name not in old:
            required = "" if "*" in parameter.kind else " and required"
            rest = f", default {parameter.default}" if parameter.default else required
            yield f"{name}: parameter `{parameter.name}` is new{rest}"
    common = [key for key in old if key in new]
    for key in common:
        yield from _changed(f"{name}: parameter `{key}`", old[key], new[key])
    order = [[k for k in side if k in common and not side[k].kind] for side in (old, new)]
    if order[0] != order[1]:
        yield f"{name}: the order of its parameters is {', '.join(order[1])}, was {', '.join(order[0])}"
    if not constructs:
        yield from _results(name, was, now)


def _changed(name: str, old: _Parameter, new: _Parameter) -> Iterator[str]:
    if old.default != new.default:
        if new.default:
            yield f"{name} has the default {new.default}, had {old.default or 'none'}"
        else:
            yield f"{name} lost its default {old.default}"
    if old.annotation != new.annotation:
        yield f"{name} is of type {new.annotation or 'unknown'}, was {old.annotation or 'unknown'}"
    if old.kind != new.kind:
        yield f"{name} is {new.kind or 'positional or keyword'}, was {old.kind or 'positional or keyword'}"


def _results(name: str, was: Function, now: Function) -> Iterator[str]:
    old, new = (ast.unparse(f.returns) if f.returns else "an unknown type" for f in (was, now))
    if old != new:
        yield f"{name}: returns {new}, was {old}"
    decorators = [[ast.unparse(d).rpartition(".")[2] for d in f.decorator_list] for f in (was, now)]
    kinds = [", ".join(k for k in sorted(d) if k in _KINDS) or "a plain method" for d in decorators]
    if kinds[0] != kinds[1]:
        yield f"{name}: is {kinds[1]}, was {kinds[0]}"
    if type(was) is not type(now):
        yield f"{name}: is {'async' if isinstance(now, ast.AsyncFunctionDef) else 'no longer async'}"
