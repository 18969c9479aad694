"""What a name in a module means: `t.cuda` is `torch.cuda` after `import torch as t`.

Scopes are Python's: a parameter or a local variable hides an import of the same name, and methods do not see
the names of their class. An alias (`cuda = torch.cuda`) means what the assigned name means. If a name has
several imports, as in try and except, the first one counts.
"""

import ast
from collections.abc import Iterator

#: What a name means: a dotted name, or None for a value that is computed.
Meaning = str | None
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
_TARGETS = (ast.Tuple, ast.List, ast.Starred)


class Scope:
    """The names bound in a module, class or function.

    Args:
        parent: the scope around it; None for a module.
        node: the module, class or function.
        module: the module's dotted name.
        package: the package that its relative imports start from.
    """

    def __init__(self, parent: "Scope | None", node: ast.AST, module: str, package: str) -> None:
        self.parent = parent
        self.node = node
        self.module = module
        self.package = package
        self.names: dict[str, Meaning] = {}
        self.imported: set[str] = set()
        self.outer: set[str] = set()
        body = node.body if isinstance(node, (*_FUNCTIONS, ast.Module, ast.ClassDef)) else []
        if isinstance(node, _FUNCTIONS):
            for argument in arguments_of(node.args):
                self.names[argument.arg] = None
        for statement in body if isinstance(body, list) else [body]:
            for bound in _bindings(statement):
                self._bind(bound)

    def lookup(self, name: str) -> Meaning:
        """The meaning of a name in this scope; `builtins.x` if no scope binds it. `torch` is always torch.

        An excerpt in a document may omit the import, and nothing else has that name.
        """
        scope: Scope | None = self
        while scope:
            if name in scope.names and (scope is self or not isinstance(scope.node, ast.ClassDef)):
                return scope.names[name]
            scope = scope.parent
        return name if name == "torch" else f"builtins.{name}"

    def resolve(self, node: ast.expr) -> Meaning:
        """The dotted name that an expression means; None if it is a value."""
        if isinstance(node, ast.Name):
            return self.lookup(node.id)
        if isinstance(node, ast.Attribute):
            base = self.resolve(node.value)
            return f"{base}.{node.attr}" if base else None
        if isinstance(node, ast.Call) and node.args and not node.keywords:
            return self._resolve_call(node)
        return None

    def _resolve_call(self, node: ast.Call) -> Meaning:
        """`getattr(torch, "cuda")` and `import_module("torch.cuda")`."""
        called = self.resolve(node.func) if isinstance(node.func, (ast.Name, ast.Attribute)) else None
        text = [a.value for a in node.args if isinstance(a, ast.Constant) and isinstance(a.value, str)]
        if called == "builtins.getattr" and len(text) == 1 and len(node.args) == 2:
            base = self.resolve(node.args[0])
            return f"{base}.{text[0]}" if base else None
        if called in ("importlib.import_module", "builtins.__import__") and len(text) == len(node.args) == 1:
            return text[0]
        return None

    def _bind(self, node: ast.AST) -> None:
        if isinstance(node, ast.Import):
            for alias in node.names:
                first = alias.name.partition(".")[0]
                self._import(alias.asname or first, alias.name if alias.asname else first)
        elif isinstance(node, ast.ImportFrom):
            base = absolute(node, self.package)
            for alias in node.names:
                if alias.name != "*":
                    self._import(alias.asname or alias.name, f"{base}.{alias.name}")
        elif isinstance(node, (ast.Global, ast.Nonlocal)):
            for name in node.names:
                self.outer.add(name)
                self.names.pop(name, None)
        elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            self._assign(node.targets[0].id, self._alias(node.value))
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            self._assign(node.name, self._own(node.name))
        elif isinstance(node, ast.ExceptHandler):
            self._assign(node.name or "", None)
        elif isinstance(node, ast.Name):
            self._assign(node.id, None)

    def _alias(self, value: ast.expr) -> Meaning:
        """The meaning of an assigned value; only of a chain of plain names, so that `x = x.y` ends."""
        root = value
        while isinstance(root, ast.Attribute):
            root = root.value
        if isinstance(root, ast.Name) or isinstance(value, ast.Call):
            meaning = self.resolve(value)
            return None if meaning and meaning.startswith("builtins.") else meaning
        return None

    def _own(self, name: str) -> Meaning:
        """The full name of a function or class of the module."""
        if isinstance(self.node, ast.Module):
            return f"{self.module}.{name}"
        return None

    def _import(self, name: str, meaning: str) -> None:
        if name not in self.imported and name not in self.outer:
            self.imported.add(name)
            self.names[name] = meaning

    def _assign(self, name: str, meaning: Meaning) -> None:
        if name not in self.imported and name not in self.outer:
            same = name not in self.names or self.names[name] == meaning
            self.names[name] = meaning if same else None


def absolute(node: ast.ImportFrom, package: str) -> str:
    """The absolute name of the module in a `from ... import` statement of a package."""
    if not node.level:
        return node.module or ""
    parts = package.split(".") if package else []
    if node.level - 1 > len(parts):
        return f".{node.module or ''}"
    base = parts[: len(parts) - (node.level - 1)]
    return ".".join([*base, *([node.module] if node.module else [])]) or "."


def arguments_of(arguments: ast.arguments) -> list[ast.arg]:
    """Every parameter of a function: the positional ones, the keyword-only ones, `*args`, `**kwargs`."""
    plain = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    return plain + [extra for extra in (arguments.vararg, arguments.kwarg) if extra]


def defaults_of(arguments: ast.arguments) -> list[tuple[ast.arg, ast.expr]]:
    plain = [*arguments.posonlyargs, *arguments.args]
    pairs = [*zip(plain[len(plain) - len(arguments.defaults) :], arguments.defaults, strict=True)]
    keywords = zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
    return pairs + [(argument, value) for argument, value in keywords if value]


def _bindings(node: ast.AST) -> Iterator[ast.AST]:
    """The nodes below a statement that bind a name in its scope, in the order of the text."""
    stack = [node]
    while stack:
        current = stack.pop()
        if isinstance(current, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            yield current
            continue
        if isinstance(current, (ast.Import, ast.ImportFrom, ast.Global, ast.Nonlocal, ast.ExceptHandler)) or (
            isinstance(current, ast.Name) and isinstance(current.ctx, (ast.Store, ast.Del))
        ):
            yield current
        elif isinstance(current, ast.Assign) and isinstance(current.targets[0], ast.Name):
            yield current
            stack.extend(current.targets[1:])
            continue
        elif isinstance(current, ast.expr) and not isinstance(current, _TARGETS):
            continue
        stack.extend(reversed(list(ast.iter_child_nodes(current))))
