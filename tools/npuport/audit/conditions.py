"""A walk that records the conditions around code: only with CUDA, the NPU has its own branch, forgiven."""

import ast
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

from npuport.audit.guards import Resolve, cuda_when, ends, forgiven, is_cuda_text, mentions_npu, npu_when
from npuport.source.visitor import Function, ScopedVisitor

#: Parts of expressions that hold no names or values.
_WORDLESS = (ast.expr_context, ast.operator, ast.boolop, ast.unaryop)


class ConditionVisitor(ScopedVisitor):
    """A scoped walk that keeps the nodes and the conditions around the current node.

    Attributes:
        ancestors: the nodes around the current node, outermost first.
        guarded: the number of conditions around it that need CUDA.
        handled: the number of conditions around it in which the NPU has its own branch.
        demanded: whether the program stops if the current condition fails.
        forgiven: the failures after which each try statement around it continues.
        opened: the conditions that guard it, each as the indices of its findings.
    """

    def __init__(self, tree: ast.Module, module: str, package: str) -> None:
        super().__init__(tree, module, package)
        self.ancestors: list[ast.AST] = []
        self.guarded = 0
        self.handled = 0
        self.demanded = 0
        self.forgiven: list[frozenset[str]] = []
        self.opened: list[range] = []
        self._visitors: dict[type[ast.AST], Callable[..., object]] = {}

    def visit(self, node: ast.AST) -> None:
        """Visit a node by the method for its type."""
        kind = type(node)
        try:
            visitor = self._visitors[kind]
        except KeyError:
            visitor = getattr(self, f"visit_{kind.__name__}", self.generic_visit)
            self._visitors[kind] = visitor
        visitor(node)

    def generic_visit(self, node: ast.AST) -> None:
        """Visit the nodes below a node."""
        self.ancestors.append(node)
        for name in node._fields:
            value = getattr(node, name, None)
            if isinstance(value, list):
                for item in value:
                    if isinstance(item, ast.AST):
                        self.visit(item)
            elif isinstance(value, ast.AST) and not isinstance(value, _WORDLESS):
                self.visit(value)
        self.ancestors.pop()

    def block(self, statements: list[ast.stmt]) -> None:
        """Visit statements; those after `if not torch.cuda.is_available(): return` are guarded."""
        with ExitStack() as rest:
            for number, statement in enumerate(statements):
                if not isinstance(statement, ast.If):
                    self.visit(statement)
                    continue
                before = self.count
                with self._when(handled=self._has_sibling(statement, statements, number)):
                    self.visit(statement)
                if ends(statement.body, self.resolve) == "leave":
                    without = cuda_when(statement.test, False, self.resolve)
                    npu = npu_when(statement.test, True, self.resolve)
                    rest.enter_context(self._when(guarded=without, handled=npu, since=before))

    def _has_sibling(self, statement: ast.If, statements: list[ast.stmt], number: int) -> bool:
        """Whether one of the `if` statements directly before or after this one is for the NPU."""
        if not cuda_when(statement.test, True, self.resolve):
            return False
        for step in (-1, 1):
            at = number + step
            while 0 <= at < len(statements) and isinstance(other := statements[at], ast.If):
                if mentions_npu(other.test):
                    return True
                at += step
        return False

    @contextmanager
    def _when(
        self, guarded: bool = False, handled: bool = False, demanded: bool = False, since: int | None = None
    ) -> Iterator[None]:
        """Enter a condition; its findings are those from the index `since` on."""
        opened = len(self.opened)
        if guarded and since is not None:
            self.opened.append(range(since, self.count))
        self.guarded += guarded
        self.handled += handled
        self.demanded += demanded
        yield
        self.guarded -= guarded
        self.handled -= handled
        self.demanded -= demanded
        del self.opened[opened:]

    @property
    def count(self) -> int:
        """The number of findings so far."""
        return 0

    @contextmanager
    def _below(self, node: ast.AST) -> Iterator[None]:
        self.ancestors.append(node)
        yield
        self.ancestors.pop()

    def visit_If(self, node: ast.If) -> None:
        """A condition on CUDA guards its branch; it assumes nothing if the NPU has its own branch."""
        if isinstance(node.test, (ast.Name, ast.Attribute)) and "TYPE_CHECKING" in ast.unparse(node.test):
            return
        present, absent = (cuda_when(node.test, truth, self.resolve) for truth in (True, False))
        apart = (present or absent) and self._has_branch(node)
        stops = absent and ends(node.body, self.resolve) == "stop"
        before = self.count
        with self._below(node):
            with self._when(handled=apart, demanded=stops):
                self.visit(node.test)
            other, npu = (npu_when(node.test, truth, self.resolve) for truth in (False, True))
            with self._when(guarded=present, handled=apart or other, since=before):
                self.block(node.body)
            with self._when(guarded=absent, handled=apart or npu, since=before):
                self.block(node.orelse)

    def _has_branch(self, node: ast.If) -> bool:
        """Whether an elif or else is for the NPU."""
        while len(node.orelse) == 1 and isinstance(node.orelse[0], ast.If):
            node = node.orelse[0]
            if mentions_npu(node.test):
                return True
        return any(mentions_npu(statement) for statement in node.orelse)

    def visit_Assert(self, node: ast.Assert) -> None:
        """An assertion of CUDA."""
        demanded = cuda_when(node.test, True, self.resolve)
        with self._below(node), self._when(demanded=demanded):
            self.visit(node.test)

    def visit_IfExp(self, node: ast.IfExp) -> None:
        """`a if condition else b`."""
        present, absent = (cuda_when(node.test, truth, self.resolve) for truth in (True, False))
        with self._below(node), self._when(handled=mentions_npu(node) and (present or absent)):
            if present and self.chosen(node):
                return
            before = self.count
            self.visit(node.test)
            with self._when(guarded=present, since=before):
                self.visit(node.body)
            with self._when(guarded=absent, since=before, handled=npu_when(node.test, True, self.resolve)):
                self.visit(node.orelse)

    def chosen(self, _: ast.IfExp) -> bool:
        """Whether a choice that depends on CUDA is one finding; its parts are then not visited."""
        return False

    def visit_BoolOp(self, node: ast.BoolOp) -> None:
        """`torch.cuda.is_available() and ...` guards the values after it; with `or` one may be the NPU's."""
        every = isinstance(node.op, ast.And)
        either = not every and mentions_npu(node)
        with self._below(node), self._when(handled=either), ExitStack() as rest:
            before = self.count
            for value in node.values:
                self.visit(value)
                present = cuda_when(value, every, self.resolve)
                elsewhere = npu_when(value, not every, self.resolve)
                rest.enter_context(self._when(guarded=present, handled=elsewhere, since=before))

    def visit_Match(self, node: ast.Match) -> None:
        """`case "cuda"` is a condition, too; with a `case "npu"` it assumes nothing."""
        apart = any(mentions_npu(case.pattern) for case in node.cases)
        with self._below(node):
            self.visit(node.subject)
            for case in node.cases:
                cuda = any(is_cuda_text(part) for part in ast.walk(case.pattern))
                with self._below(case), self._when(handled=apart):
                    self.visit(case.pattern)
                with self._when(guarded=cuda, handled=apart and cuda):
                    self.block(case.body)

    def visit_Try(self, node: ast.Try) -> None:
        """A failed import after which the program continues is a choice."""
        with self._below(node):
            self.forgiven.append(forgiven(node))
            self.block(node.body)
            self.forgiven.pop()
            for handler in node.handlers:
                self.block(handler.body)
            self.block(node.orelse)
            self.block(node.finalbody)

    def function(self, node: Function) -> None:
        """A function that a test framework skips without CUDA is guarded."""
        skipped = any(
            isinstance(d, ast.Call) and any(_skips(d, argument, self.resolve) for argument in d.args)
            for d in node.decorator_list
        )
        with self._below(node), self._when(guarded=skipped):
            super().function(node)

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        with self._below(node):
            super().visit_ClassDef(node)

    def visit_Lambda(self, node: ast.Lambda) -> None:
        with self._below(node):
            super().visit_Lambda(node)


def _skips(decorator: ast.Call, argument: ast.expr, resolve: Resolve) -> bool:
    """Whether a decorator skips a test without CUDA."""
    name = ast.unparse(decorator.func)
    return "skip" in name and cuda_when(argument, "Unless" in name, resolve)
