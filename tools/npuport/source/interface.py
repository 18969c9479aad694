"""What changed in the interface that an adapter uses: signatures, constructors, configuration fields.

Both trees are read by their syntax alone. The entry points are what the adapter imports from the tree, and
of classes the constructor, `forward` and the methods that the adapter names.
"""

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from npuport.source.names import arguments_of
from npuport.source.project import Module, Project, Symbol, read_module
from npuport.source.visitor import Function

_ALWAYS = ("__init__", "forward", "__call__", "from_pretrained")
_KINDS = ("property", "cached_property", "staticmethod", "classmethod")


@dataclass(frozen=True)
class _Parameter:
    name: str
    kind: str
    default: str | None
    annotation: str


def difference(old: Mapping[str, bytes], new: Mapping[str, bytes], adapter: bytes) -> tuple[str, ...]:
    """The differences of the entry points, one line each, in the order of the adapter's names.

    Args:
        old: the tree at the old pin, see `npuport.source.tree`.
        new: at the new one.
        adapter: the port's adapter, read and never run.
    """
    module = read_module("adapter.py", adapter)
    if module is None:
        return ()
    before, after = Project(old), Project(new)
    used = _used(module)
    lines: list[str] = []
    for name in _imported(module):
        if (was := before.find(name)) and was.kind != "module":
            lines += _compare(name, was, after.find(name), (before, after), used)
    return tuple(dict.fromkeys(lines))


def _imported(adapter: Module) -> list[str]:
    return sorted({n for refs in adapter.references.values() for n in refs.names | refs.modules})


def _used(adapter: Module) -> set[str]:
    strings = {
        n.value for n in ast.walk(adapter.tree) if isinstance(n, ast.Constant) and isinstance(n.value, str)
    }
    attributes = {a for references in adapter.references.values() for a in references.attributes}
    return attributes | strings | set(_ALWAYS)


def _compare(
    name: str, was: Symbol, now: Symbol | None, projects: tuple[Project, Project], used: set[str]
) -> Iterator[str]:
    if now is None or now.kind == "module":
        elsewhere = _elsewhere(projects[1], was)
        yield f"{name} is gone" + (f"; {elsewhere} has one of that name" if elsewhere else "")
    elif was.kind != now.kind:
        yield f"{name}: was a {was.kind}, is a {now.kind}"
    elif was.kind == "function":
        yield from _signatures(was.qualified, _function(was), _function(now))
    else:
        yield from _classes(was, now, projects, used)


def _elsewhere(project: Project, symbol: Symbol) -> str:
    last = symbol.qualified.rpartition(".")[2].encode()
    for path, data in project.files.items():
        if path.endswith(".py") and (b"class " + last in data or b"def " + last in data):
            module = project.module(path)
            if module and (symbol.qualified in module.classes or symbol.qualified in module.functions):
                return module.name
    return ""


def _function(symbol: Symbol) -> Function:
    return symbol.module.functions[symbol.qualified]


def _classes(was: Symbol, now: Symbol, projects: tuple[Project, Project], used: set[str]) -> Iterator[str]:
    name = was.qualified
    bases = [[ast.unparse(b) for b in s.module.classes[s.qualified].bases] for s in (was, now)]
    if bases[0] != bases[1]:
        yield f"{name}: its bases are ({', '.join(bases[1])}), were ({', '.join(bases[0])})"
    old, new = (_methods(symbol, project) for symbol, project in zip((was, now), projects, strict=True))
    for method in sorted(old.keys() & used, key=list(old).index):
        if method not in new:
            yield f"{name}.{method} is gone"
        else:
            shown = name if method == "__init__" else f"{name}.{method}"
            yield from _signatures(shown, old[method], new[method], field=method == "__init__")
    yield from _fields(name, _class_fields(was, projects[0]), _class_fields(now, projects[1]))


def _lineage(symbol: Symbol, project: Project, depth: int = 0) -> Iterator[Symbol]:
    """A class and its bases, as far as they are of the tree."""
    yield symbol
    module = symbol.module
    for base in module.classes[symbol.qualified].bases if depth < 20 else ():
        first, _, rest = ast.unparse(base).partition(".")
        meaning = module.meanings.get(first) or f"{module.name}.{first}"
        found = project.find(f"{meaning}.{rest}" if rest else meaning)
        if found and found.kind == "class" and found != symbol:
            yield from _lineage(found, project, depth + 1)


def _methods(symbol: Symbol, project: Project) -> dict[str, Function]:
    found: dict[str, Function] = {}
    for owner in _lineage(symbol, project):
        for qualified, function in owner.module.functions.items():
            prefix, _, method = qualified.rpartition(".")
            if prefix == owner.qualified:
                found.setdefault(method, function)
    return found


def _class_fields(symbol: Symbol, project: Project) -> dict[str, str | None]:
    """What a class defines as fields, with their values; and the attributes its constructor sets, without."""
    fields: dict[str, str | None] = {}
    for owner in _lineage(symbol, project):
        for statement in owner.module.classes[owner.qualified].body:
            if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
                value = ast.unparse(statement.value) if statement.value else "required"
                fields.setdefault(statement.target.id, value)
            elif isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
                fields.setdefault(statement.targets[0].id, ast.unparse(statement.value))
    if symbol.qualified.endswith("Config"):
        constructor = _methods(symbol, project).get("__init__")
        for node in ast.walk(constructor) if constructor else ():
            if isinstance(node, ast.Attribute) and ast.unparse(node.value) == "self":
                fields.setdefault(node.attr, None)
    return {name: value for name, value in fields.items() if not name.startswith("_")}


def _fields(name: str, old: Mapping[str, str | None], new: Mapping[str, str | None]) -> Iterator[str]:
    for field in sorted(old.keys() - new.keys()):
        yield f"{name}: field `{field}` is gone"
    for field in sorted(new.keys() - old.keys()):
        value = new[field]
        yield f"{name}: field `{field}` is new" + (f", {value}" if value else "")
    for field in sorted(old.keys() & new.keys()):
        if old[field] != new[field] and None not in (old[field], new[field]):
            yield f"{name}: field `{field}` is {new[field]}, was {old[field]}"


def _parameters(function: Function) -> dict[str, _Parameter]:
    arguments = function.args
    plain = [*arguments.posonlyargs, *arguments.args]
    defaults: dict[str, ast.expr | None] = dict.fromkeys(a.arg for a in arguments_of(arguments))
    defaults |= {
        a.arg: value
        for a, value in zip(plain[len(plain) - len(arguments.defaults) :], arguments.defaults, strict=True)
    }
    defaults |= {a.arg: value for a, value in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)}
    kinds = dict.fromkeys((a.arg for a in arguments.posonlyargs), "positional-only")
    kinds |= dict.fromkeys((a.arg for a in arguments.kwonlyargs), "keyword-only")
    for extra, kind in ((arguments.vararg, "*"), (arguments.kwarg, "**")):
        kinds |= {extra.arg: kind} if extra else {}
    found = {}
    for argument in arguments_of(arguments):
        value = defaults[argument.arg]
        annotation = ast.unparse(argument.annotation) if argument.annotation else ""
        found[argument.arg] = _Parameter(
            argument.arg, kinds.get(argument.arg, ""), ast.unparse(value) if value else None, annotation
        )
    first = plain[0].arg if plain else ""
    return {name: p for name, p in found.items() if name != first or name not in ("self", "cls")}


def _signatures(name: str, was: Function, now: Function, *, field: bool = False) -> Iterator[str]:
    """The differences of two signatures; of a constructor the parameters are its fields."""
    old, new = _parameters(was), _parameters(now)
    word = "parameter"
    for parameter in old.values():
        if parameter.name not in new:
            yield f"{name}: {word} `{parameter.name}` is gone"
    for parameter in new.values():
        if parameter.name not in old:
            rest = f", default {parameter.default}" if parameter.default is not None else ""
            required = " and required" if parameter.default is None and "*" not in parameter.kind else rest
            yield f"{name}: {word} `{parameter.name}` is new{required}"
    for key in [k for k in old if k in new]:
        yield from _changed(f"{name}: {word} `{key}`", old[key], new[key])
    order = [[k for k in side if k in old and k in new and side[k].kind == ""] for side in (old, new)]
    if order[0] != order[1]:
        yield f"{name}: the order of its parameters is {', '.join(order[1])}, was {', '.join(order[0])}"
    if not field:
        yield from _results(name, was, now)


def _changed(name: str, old: _Parameter, new: _Parameter) -> Iterator[str]:
    if old.default != new.default:
        if new.default is None:
            yield f"{name} lost its default {old.default}"
        elif old.default is None:
            yield f"{name} has the default {new.default}, had none"
        else:
            yield f"{name} has the default {new.default}, had {old.default}"
    if old.annotation != new.annotation:
        yield f"{name} is of type {new.annotation or 'unsaid'}, was {old.annotation or 'unsaid'}"
    if old.kind != new.kind:
        yield f"{name} is {new.kind or 'positional or keyword'}, was {old.kind or 'positional or keyword'}"


def _results(name: str, was: Function, now: Function) -> Iterator[str]:
    old, new = (ast.unparse(f.returns) if f.returns else "" for f in (was, now))
    if old != new:
        yield f"{name}: returns {new or 'what it does not say'}, was {old or 'unsaid'}"
    kinds = [
        {ast.unparse(d).rpartition(".")[2] for d in f.decorator_list}.intersection(_KINDS) for f in (was, now)
    ]
    if kinds[0] != kinds[1]:
        shown = [", ".join(sorted(kind)) or "a plain method" for kind in kinds]
        yield f"{name}: is {shown[1]}, was {shown[0]}"
    if type(was) is not type(now):
        yield f"{name}: is {'async' if isinstance(now, ast.AsyncFunctionDef) else 'no longer async'}"
