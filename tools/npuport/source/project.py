"""The modules of a tree: where a name is defined, and what refers to it. Modules are parsed on demand."""

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from npuport.source.module import Unparsed, parse
from npuport.source.names import absolute
from npuport.source.visitor import Function, ScopedVisitor

#: A name with more words is not followed: it grows from a re-export of a name by itself.
_LONGEST = 30


@dataclass
class References:
    """What a function, or module-level code, refers to: full names, attributes of values, modules."""

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
        methods: the names of each class's own methods, by the class's qualified name.
        meanings: the meaning of each module-level name.
        references: by the function's qualified name; by the empty name those of module and class level.
        stars: the modules from which it imports `*`.
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
        """Whether a module-level line runs when the module is imported."""
        return not any(first <= line <= last for first, last in self.script)

    @property
    def strings(self) -> set[str]:
        values = [node.value for node in ast.walk(self.tree) if isinstance(node, ast.Constant)]
        return {value for value in values if isinstance(value, str)}


@dataclass(frozen=True)
class Symbol:
    """The definition of a name: its kind (`function`, `class` or `module`), module and qualified name."""

    kind: str
    module: Module
    qualified: str = ""


class Project:
    """The Python modules of a tree."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self.files = files
        self.paths = _names(files)
        self._modules: dict[str, Module | None] = {}
        self._symbols: dict[str, Symbol | None] = {}

    def module(self, path: str) -> Module | None:
        """The module in a file; None if the file does not exist or cannot be parsed."""
        if path not in self._modules:
            self._modules[path] = read_module(path, self.files[path]) if path in self.files else None
        return self._modules[path]

    def find(self, name: str) -> Symbol | None:
        """The definition of a full name, also through re-exports; None if it is not in this tree."""
        if name not in self._symbols:
            self._symbols[name] = self._find(name)
        return self._symbols[name]

    def _find(self, name: str) -> Symbol | None:
        waiting, seen = [(name, False)], set()  # re-exports may form circles
        while waiting:
            name, by_star = waiting.pop()
            module, rest = self._module_of(name)
            if module is None or name in seen or len(rest) > _LONGEST:
                continue
            seen.add(name)
            if (symbol := _defined(module, rest)) and not (by_star and symbol.kind == "module"):
                return symbol
            meaning = module.meanings.get(rest[0]) if rest else None
            if meaning and meaning != f"{module.name}.{rest[0]}":
                waiting.append((".".join([meaning, *rest[1:]]), by_star))
            elif rest:
                stars = [".".join([star, *rest]) for star in module.stars if self._module_of(star)[1] == []]
                waiting += [(star, True) for star in reversed(stars)]
        return None

    def _module_of(self, name: str) -> tuple[Module | None, list[str]]:
        """The innermost module of a full name, and the words after the module's own name."""
        words = name.split(".")
        for count in range(len(words), 0, -1):
            path = self.paths.get(".".join(words[:count]))
            if path and (module := self.module(path)):
                return module, words[count:]
        return None, words

    def bases(self, symbol: Symbol) -> Iterator[Symbol]:
        """The classes of this tree from which a class inherits directly."""
        module = symbol.module
        for base in module.classes[symbol.qualified].bases:
            first, _, rest = ast.unparse(base).partition(".")
            meaning = module.meanings.get(first) or f"{module.name}.{first}"
            definition = self.find(f"{meaning}.{rest}" if rest else meaning)
            if definition and definition.kind == "class" and definition != symbol:
                yield definition

    def parents(self, module: Module) -> list[str]:
        """The files of the packages that Python imports before a module."""
        directory = module.path.split("/")[:-1]
        inits = ["/".join([*directory[:n], "__init__.py"]) for n in range(1, len(directory) + 1)]
        return [path for path in inits if path in self.files and path != module.path]


def _defined(module: Module, words: list[str]) -> Symbol | None:
    """The definition of a name in its own module; for an attribute of a class the class."""
    if not words:
        return Symbol("module", module)
    if (qualified := ".".join(words)) in module.functions:
        return Symbol("function", module, qualified)
    owners = (".".join(words[:count]) for count in range(len(words), 0, -1))
    return next((Symbol("class", module, owner) for owner in owners if owner in module.classes), None)


def read_module(path: str, data: bytes) -> Module | None:
    """A module's definitions and references; None if Python cannot parse it."""
    try:
        tree = parse(data)
        name, package = module_name(path)
        visitor = _Definitions(tree, name, package)
        visitor.block(tree.body)
    except (Unparsed, RecursionError):
        return None
    methods: dict[str, tuple[str, ...]] = {}
    for qualified in visitor.functions:
        owner, _, method = qualified.rpartition(".")
        methods[owner] = (*methods.get(owner, ()), method)
    return Module(
        path,
        name,
        tree,
        visitor.functions,
        visitor.classes,
        methods,
        visitor.scope.names,
        visitor.references,
        tuple(visitor.stars),
        tuple(visitor.script),
    )


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
    def current(self) -> References:
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
        self.current.modules |= {alias.name for alias in node.names}

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        base = absolute(node, self.package)
        self.current.modules |= {base, *(f"{base}.{alias.name}" for alias in node.names)}
        if any(alias.name == "*" for alias in node.names):
            self.stars.append(base)

    def visit_Name(self, node: ast.Name) -> None:
        if isinstance(node.ctx, ast.Load) and (name := self.scope.lookup(node.id)):
            self.current.names.add(name)

    def visit_Attribute(self, node: ast.Attribute) -> None:
        name = self.resolve(node)
        if name:
            self.current.names.add(name)
        self.current.attributes.add(node.attr)
        if not name:
            self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> None:
        if name := self.resolve(node):
            self.current.names.add(name)
        self.generic_visit(node)


def _names(files: Mapping[str, bytes]) -> dict[str, str]:
    """The files by the dotted names under which Python may import them."""
    names: dict[str, str] = {}
    python = [path for path in files if path.endswith(".py")]
    packages = {path.rpartition("/")[0] for path in python if path.endswith("__init__.py")}
    for path in python:
        words = path.split("/")
        for count in range(len(words)):  # the tree's root, then src/ and the directories of scripts
            if count and "/".join(words[:count]) in packages:
                break
            name = module_name("/".join(words[count:]))[0]
            if name and (count == 0 or name not in names):
                names[name] = path
    for package in packages:  # a namespace package has no file of its own; a package has
        names.setdefault(package.replace("/", "."), f"{package}/__init__.py")
    return names
