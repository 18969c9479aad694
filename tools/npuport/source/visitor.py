"""A walk over a module that keeps the current scope."""

import ast
from collections.abc import Iterator
from contextlib import contextmanager

from npuport.source.names import Meaning, Scope

Function = ast.FunctionDef | ast.AsyncFunctionDef


class ScopedVisitor(ast.NodeVisitor):
    """`ast.NodeVisitor` with `scope`, `resolve`, and the qualified name of the current function.

    Args:
        module: the module's dotted name.
        package: the package that relative imports start from; for `__init__.py` the module itself.
    """

    def __init__(self, tree: ast.Module, module: str, package: str) -> None:
        self.module = module
        self.package = package
        self.scope = Scope(None, tree, module, package)
        self.path: list[str] = []

    @property
    def qualified(self) -> str:
        """`Class.method`; empty at module level. A function in a function has the name of the outer one."""
        return ".".join(self.path)

    def resolve(self, node: ast.expr) -> Meaning:
        """The dotted name that an expression means in the current scope; None for a value."""
        return self.scope.resolve(node)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        """Decorators, defaults and annotations belong to the outer scope; the body has its own."""
        self.function(node)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> None:
        self.function(node)

    def function(self, node: Function) -> None:
        """Visit a function, signature first."""
        self.signature(node)
        with self.inside(node, node.name):
            self.block(node.body)

    def signature(self, node: Function) -> None:
        """Visit the parts that are evaluated when the function is defined."""
        for decorator in node.decorator_list:
            self.visit(decorator)
        named = not self._in_function(self.scope)
        self.path += [node.name] if named else []  # a default belongs to the function
        self.visit(node.args)
        del self.path[len(self.path) - named :]
        if node.returns:
            self.annotation(node.returns)

    def annotation(self, node: ast.expr | None) -> None:
        """Visit a type, if there is one."""
        if node:
            self.visit(node)

    def visit_Lambda(self, node: ast.Lambda) -> None:
        """A function without a name."""
        self.visit(node.args)
        with self.inside(node, ""):
            self.visit(node.body)

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        """Decorators and bases belong to the outer scope."""
        for part in (*node.decorator_list, *node.bases, *node.keywords):
            self.visit(part)
        with self.inside(node, node.name):
            self.block(node.body)

    def block(self, statements: list[ast.stmt]) -> None:
        for statement in statements:
            self.visit(statement)

    @contextmanager
    def inside(self, node: ast.AST, name: str) -> Iterator[None]:
        """Enter the scope of a function or class."""
        outer = self.scope
        self.scope = Scope(outer, node, self.module, self.package)
        named = bool(name) and not self._in_function(outer)
        self.path += [name] if named else []
        yield
        self.scope = outer
        del self.path[len(self.path) - named :]

    def _in_function(self, scope: Scope | None) -> bool:
        while scope:
            if isinstance(scope.node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
                return True
            scope = scope.parent
        return False
