"""The modules of a tree among each other: who defines a name, who refers to it. Parsed when asked for."""

import ast
from collections.abc import Mapping
from dataclasses import dataclass, field

from npuport.source.module import Unparsed, parse
from npuport.source.names import absolute
from npuport.source.visitor import Function, ScopedVisitor


@dataclass
class References:
    """What a function, or a module's own level, refers to: full names, attributes of values, modules."""

    names: set[str] = field(default_factory=set)
    attributes: set[str] = field(default_factory=set)
    modules: set[str] = field(default_factory=set)


@dataclass(frozen=True)
class Module:
    """A module's definitions.

    Args:
        path: its file.
        name: its dotted name.
        tree: its syntax.
        functions: by qualified name, `Class.method`.
        classes: by qualified name.
        methods: the names of each class's own, by the class's qualified name.
        meanings: what each name at its own level means.
        references: by qualified name of the function; empty for the module's own level and its classes'.
        stars: the modules of which it imports everything.
        script: the lines of its `if __name__ == "__main__"` blocks, first and last.
    """

    path: str
    name: str
    tree: ast.Module
    functions: Mapping[str, Function]
    classes: Mapping[str, ast.ClassDef]
    methods: Mapping[str, tuple[str, ...]]
    meanings: Mapping[str, str | None]
    references: Mapping[str, References]
    stars: tuple[str, ...]
    script: tuple[tuple[int, int], ...]

    def runs_on_import(self, line: int) -> bool:
        """Whether a line of the module's own level runs when it is imported."""
        return not any(first <= line <= last for first, last in self.script)


@dataclass(frozen=True)
class Symbol:
    """A definition that a name leads to: `function`, `class` or `module`."""

    kind: str
    module: Module
    qualified: str = ""

    @property
    def shown(self) -> str:
        """As a person would name it."""
        return self.qualified or self.module.name


class Project:
    """A tree's Python."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self.files = files
        self.paths = _names(files)
        self._modules: dict[str, Module | None] = {}
        self._found: dict[str, Symbol | None] = {}

    def module(self, path: str) -> Module | None:
        """A module by its file; None where it is not there or not to be parsed."""
        if path not in self._modules:
            self._modules[path] = read_module(path, self.files[path]) if path in self.files else None
        return self._modules[path]

    def find(self, name: str, depth: int = 0) -> Symbol | None:
        """What a full name leads to, through re-exports; None where it is not of this tree."""
        if depth:
            return self._find(name, depth)
        if name not in self._found:
            self._found[name] = self._find(name, 0)
        return self._found[name]

    def _find(self, name: str, depth: int) -> Symbol | None:
        words = name.split(".")
        for count in range(len(words), 0, -1):
            path = self.paths.get(".".join(words[:count]))
            module = self.module(path) if path else None
            if module:
                return self._within(module, words[count:], depth)
        return None

    def _within(self, module: Module, rest: list[str], depth: int) -> Symbol | None:
        if not rest:
            return Symbol("module", module)
        qualified = ".".join(rest)
        if qualified in module.functions:
            return Symbol("function", module, qualified)
        for count in range(len(rest), 0, -1):
            if ".".join(rest[:count]) in module.classes:
                return Symbol("class", module, ".".join(rest[:count]))
        if depth > 20:
            return None
        meaning = module.meanings.get(rest[0])
        if meaning and meaning != f"{module.name}.{rest[0]}":
            return self.find(".".join([meaning, *rest[1:]]), depth + 1)
        for star in module.stars:
            if (found := self.find(".".join([star, *rest]), depth + 1)) and found.kind != "module":
                return found
        return None

    def parents(self, module: Module) -> list[str]:
        """The files of the packages that are imported before a module is."""
        directory = module.path.split("/")[:-1]
        inits = ["/".join([*directory[:n], "__init__.py"]) for n in range(1, len(directory) + 1)]
        return [path for path in inits if path in self.files and path != module.path]


def read_module(path: str, data: bytes) -> Module | None:
    """A module's definitions and references; None where Python does not read it."""
    try:
        tree = parse(data)
        name, package = module_name(path)
        visitor = _Definitions(tree, name, package)
        visitor.block(tree.body)
    except (Unparsed, RecursionError):
        return None
    return Module(
        path,
        name,
        tree,
        visitor.functions,
        visitor.classes,
        _methods(visitor.functions),
        visitor.scope.names,
        visitor.references,
        tuple(visitor.stars),
        tuple(visitor.script),
    )


def _methods(functions: Mapping[str, Function]) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for qualified in functions:
        owner, _, name = qualified.rpartition(".")
        found[owner] = (*found.get(owner, ()), name)
    return found


def module_name(path: str) -> tuple[str, str]:
    """The dotted name of a file's module, and the package that its relative imports start from."""
    words = path.removesuffix(".py").split("/")
    if words[-1] == "__init__":
        name = ".".join(words[:-1])
        return name, name
    return ".".join(words), ".".join(words[:-1])


class _Definitions(ScopedVisitor):
    def __init__(self, tree: ast.Module, module: str, package: str) -> None:
        super().__init__(tree, module, package)
        self.functions: dict[str, Function] = {}
        self.classes: dict[str, ast.ClassDef] = {}
        self.references: dict[str, References] = {"": References()}
        self.stars: list[str] = []
        self.script: list[tuple[int, int]] = []

    @property
    def present(self) -> References:
        """The references of the function that is being read."""
        inside = self.qualified if self._in_function(self.scope) else ""
        return self.references.setdefault(inside, References())

    def function(self, node: Function) -> None:
        if not self._in_function(self.scope):
            self.functions.setdefault(".".join([*self.path, node.name]), node)
        super().function(node)

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        if not self._in_function(self.scope):
            self.classes.setdefault(".".join([*self.path, node.name]), node)
        super().visit_ClassDef(node)

    def visit_If(self, node: ast.If) -> None:
        if isinstance(node.test, ast.Compare) and ast.unparse(node.test.left) == "__name__" and not self.path:
            self.script.append((node.lineno, node.end_lineno or node.lineno))
            return
        self.generic_visit(node)

    def visit_Import(self, node: ast.Import) -> None:
        self.present.modules |= {alias.name for alias in node.names}

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        base = absolute(node, self.package)
        self.present.modules |= {base, *(f"{base}.{alias.name}" for alias in node.names)}
        if any(alias.name == "*" for alias in node.names):
            self.stars.append(base)

    def visit_Name(self, node: ast.Name) -> None:
        if isinstance(node.ctx, ast.Load) and (name := self.scope.lookup(node.id)):
            self.present.names.add(name)

    def visit_Attribute(self, node: ast.Attribute) -> None:
        name = self.resolve(node)
        if name:
            self.present.names.add(name)
        self.present.attributes.add(node.attr)
        if not name:
            self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> None:
        if name := self.resolve(node):
            self.present.names.add(name)
        self.generic_visit(node)


def _names(files: Mapping[str, bytes]) -> dict[str, str]:
    """The files by the dotted names under which they may be imported."""
    found: dict[str, str] = {}
    python = [path for path in files if path.endswith(".py")]
    packages = {path.rpartition("/")[0] for path in python if path.endswith("__init__.py")}
    for path in python:
        words = path.split("/")
        for count in range(len(words)):  # the tree's root, then src/ and the directories of scripts
            if count and "/".join(words[:count]) in packages:
                break
            name = module_name("/".join(words[count:]))[0]
            if name and (count == 0 or name not in found):
                found[name] = path
    for package in packages:  # a namespace package has no file of its own; a package has
        found.setdefault(package.replace("/", "."), f"{package}/__init__.py")
    return found
