"""Python: a walk over a file's syntax that finds what assumes CUDA, under which conditions."""

import ast
from collections.abc import Iterator
from contextlib import contextmanager

from npuport.audit import apis
from npuport.audit.calls import judge_call, judge_default, judge_dtype, shell_text
from npuport.audit.finding import Finding, lowered
from npuport.audit.fixes import Text, fix_of
from npuport.audit.guards import cuda_when, ends, forgiven, speaks_of_npu
from npuport.audit.rules import RULES
from npuport.audit.shell import scan_shell
from npuport.audit.values import Hit, judge_text
from npuport.source.module import parse, source_lines
from npuport.source.names import absolute
from npuport.source.project import module_name
from npuport.source.visitor import Function, ScopedVisitor

_PACKAGE_RULES = frozenset(
    ("triton", "flash-attn", "xformers", "cuda-library", "nvidia-smi", "cuda-extension")
)


def scan_python(path: str, data: bytes, local: frozenset[str] = frozenset()) -> list[Finding]:
    """What a Python file assumes, in the order of its lines.

    Args:
        path: in the tree.
        local: the names of the tree's own top-level modules, which are nobody else's package.

    Raises:
        Unparsed: Python does not read it.
    """
    tree = parse(data)
    scanner = _Scanner(tree, path, data, local)
    scanner.block(tree.body)
    unique: dict[tuple[int, int, str], Finding] = {}
    for finding in scanner.findings:
        unique.setdefault((finding.line, finding.column, finding.rule), finding)
    return sorted(unique.values(), key=lambda f: (f.line, f.column))


class _Scanner(ScopedVisitor):
    def __init__(self, tree: ast.Module, path: str, data: bytes, local: frozenset[str]) -> None:
        super().__init__(tree, *module_name(path))
        self.file = path
        self.text = Text(data, tree, self.scope)
        self.lines = source_lines(data)
        self.local = local
        self.findings: list[Finding] = []
        self.ancestors: list[ast.AST] = []
        self.guarded = 0
        self.handled = 0
        self.forgiven: list[frozenset[str]] = []
        self.annotating = False

    # the walk

    def visit(self, node: ast.AST) -> None:
        """Visit a node, remembering the way to it."""
        visitor = getattr(self, f"visit_{type(node).__name__}", None)
        if visitor:
            visitor(node)
        else:
            self.generic_visit(node)

    def generic_visit(self, node: ast.AST) -> None:
        """Visit what is below a node."""
        self.ancestors.append(node)
        for child in ast.iter_child_nodes(node):
            self.visit(child)
        self.ancestors.pop()

    def block(self, statements: list[ast.stmt]) -> None:
        """Visit statements; after `if not torch.cuda.is_available(): return` CUDA is there."""
        entered = 0
        for number, statement in enumerate(statements):
            if isinstance(statement, ast.If):
                with self._when(handled=self._has_sibling(statements, number)):
                    self.visit(statement)
                leaves = ends(statement.body, self.resolve) == "leave"
                if leaves and cuda_when(statement.test, False, self.resolve):
                    entered += 1
                    self.guarded += 1
                continue
            self.visit(statement)
        self.guarded -= entered

    def _has_sibling(self, statements: list[ast.stmt], number: int) -> bool:
        """Whether one of the conditions that stand together with this one is the NPU's."""
        if not cuda_when(statements[number].test, True, self.resolve):  # type: ignore[attr-defined]
            return False
        for step in (-1, 1):
            at = number + step
            while 0 <= at < len(statements) and isinstance(other := statements[at], ast.If):
                if speaks_of_npu(other.test):
                    return True
                at += step
        return False

    @contextmanager
    def _when(self, *, guarded: bool = False, handled: bool = False) -> Iterator[None]:
        self.guarded += guarded
        self.handled += handled
        yield
        self.guarded -= guarded
        self.handled -= handled

    @contextmanager
    def _below(self, node: ast.AST) -> Iterator[None]:
        self.ancestors.append(node)
        yield
        self.ancestors.pop()

    def visit_If(self, node: ast.If) -> None:
        """A condition on CUDA guards its branch; one with a branch for the NPU is no assumption."""
        if isinstance(node.test, (ast.Name, ast.Attribute)) and "TYPE_CHECKING" in ast.unparse(node.test):
            return
        present, absent = (cuda_when(node.test, truth, self.resolve) for truth in (True, False))
        handled = speaks_of_npu(node.test) or ((present or absent) and self._has_branch(node))
        with self._below(node), self._when(handled=handled):
            stops = absent and ends(node.body, self.resolve) == "stop"
            self._test(node.test, demanded=stops)
            with self._when(guarded=present):
                self.block(node.body)
            with self._when(guarded=absent):
                self.block(node.orelse)

    def _has_branch(self, node: ast.If) -> bool:
        """Whether an elif or else is the NPU's."""
        while len(node.orelse) == 1 and isinstance(node.orelse[0], ast.If):
            node = node.orelse[0]
            if speaks_of_npu(node.test):
                return True
        return any(speaks_of_npu(statement) for statement in node.orelse)

    def _test(self, test: ast.expr, *, demanded: bool) -> None:
        before = len(self.findings)
        self.visit(test)
        if demanded:
            self._demand(before)

    def _demand(self, since: int) -> None:
        """Where the program ends without CUDA, its condition is an error."""
        from dataclasses import replace

        rules = ("cuda-available", "device-test", "cuda-api")
        for number in range(since, len(self.findings)):
            if self.findings[number].rule in rules:
                self.findings[number] = replace(self.findings[number], level="error")

    def visit_Assert(self, node: ast.Assert) -> None:
        """An assertion of CUDA."""
        with self._below(node), self._when(handled=speaks_of_npu(node.test)):
            self._test(node.test, demanded=cuda_when(node.test, True, self.resolve))

    def visit_IfExp(self, node: ast.IfExp) -> None:
        """`a if condition else b`; the usual choice of a device is one finding."""
        chain = speaks_of_npu(node)
        present, absent = (cuda_when(node.test, truth, self.resolve) for truth in (True, False))
        with self._below(node), self._when(handled=chain and (present or absent)):
            if self._is_choice(node, present):
                self.hit(Hit(node, "device-choice", ast.unparse(node)[:80], "warning"))
                return
            self.visit(node.test)
            with self._when(guarded=present):
                self.visit(node.body)
            with self._when(guarded=absent):
                self.visit(node.orelse)

    def _is_choice(self, node: ast.IfExp, present: bool) -> bool:
        first, other = (node.body, node.orelse) if present else (node.orelse, node.body)
        test = node.test.operand if isinstance(node.test, ast.UnaryOp) else node.test
        sides = [s.value for s in (first, other) if isinstance(s, ast.Constant) and isinstance(s.value, str)]
        called = self.resolve(test.func) if isinstance(test, ast.Call) else None
        return called == "torch.cuda.is_available" and len(sides) == 2 and sides[0].startswith("cuda")

    def visit_BoolOp(self, node: ast.BoolOp) -> None:
        """`torch.cuda.is_available() and ...` guards what follows it."""
        with self._below(node), self._when(handled=speaks_of_npu(node)):
            entered = 0
            for value in node.values:
                self.visit(value)
                if cuda_when(value, isinstance(node.op, ast.And), self.resolve):
                    entered += 1
                    self.guarded += 1
            self.guarded -= entered

    def visit_Try(self, node: ast.Try) -> None:
        """A failed import that is forgiven is a choice."""
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
        """Remember the way into it."""
        with self._below(node):
            super().visit_ClassDef(node)

    def visit_Lambda(self, node: ast.Lambda) -> None:
        """Remember the way into it."""
        with self._below(node):
            super().visit_Lambda(node)

    def visit_arg(self, node: ast.arg) -> None:
        """A parameter's annotation."""
        self._annotation(node.annotation)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        """A variable's annotation, and its value."""
        self._annotation(node.annotation)
        with self._below(node):
            self.visit(node.target)
            if node.value:
                self.visit(node.value)

    def returns(self, node: ast.expr) -> None:
        """What a function says that it returns."""
        self._annotation(node)

    def _annotation(self, node: ast.expr | None) -> None:
        """A type is at most evaluated, never called."""
        self.annotating = True
        if node:
            self.visit(node)
        self.annotating = False

    # the findings

    def visit_Import(self, node: ast.Import) -> None:
        """Packages that need CUDA; modules of torch for CUDA."""
        for alias in node.names:
            self._import(node, alias.name)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        """The same, name by name."""
        if node.level:
            return
        base = absolute(node, self.package)
        if apis.package(base):
            self._import(node, base)
            return
        for alias in node.names:
            self._import(node, f"{base}.{alias.name}")

    def _import(self, node: ast.Import | ast.ImportFrom, name: str) -> None:
        if name.partition(".")[0] in self.local:
            return
        if rule := apis.package(name):
            self.hit(Hit(node, rule, f"import of {name}", "error"), forgivable="import")
        elif (api := apis.lookup(name)) and api.rule not in ("complex", "float64"):
            what = f"import of {name}"
            self.hit(Hit(node, api.rule, what, "note", api.neutral, api.shim))

    def visit_Attribute(self, node: ast.Attribute) -> None:
        """A dotted name, or `.is_cuda`."""
        name = self.resolve(node)
        if name and self._name(node, name):
            return
        if node.attr == "is_cuda" and (not name or name.startswith(("builtins.", "torch.Tensor"))):
            self.hit(Hit(node, "is-cuda", ".is_cuda", "warning"))
        if not name or isinstance(node.value, ast.Call):
            self.generic_visit(node)

    def visit_Name(self, node: ast.Name) -> None:
        """A name that was imported."""
        if isinstance(node.ctx, ast.Load) and (name := self.scope.lookup(node.id)):
            self._name(node, name)

    def _name(self, node: ast.expr, name: str) -> bool:
        if name in ("torch.Tensor.cuda", "torch.nn.Module.cuda"):
            self.hit(Hit(node, "cuda-method", name, "error"))
            return True
        if hit := judge_dtype(node, name, self.ancestors):
            self.hit(hit)
            return True
        api = apis.lookup(name)
        if api:
            self.hit(Hit(node, api.rule, name, api.level, api.neutral, api.shim))
        return bool(api)

    def visit_Call(self, node: ast.Call) -> None:
        """A call: by its method and switches, then by what is in it."""
        name = self.resolve(node.func) if isinstance(node.func, (ast.Name, ast.Attribute)) else None
        if name == "builtins.hasattr":
            return  # it asks, and assumes nothing
        direct = self.resolve(node)  # getattr(torch, "cuda")
        if direct and self._name(node, direct):
            return
        for hit in judge_call(node, self.resolve):
            self.hit(hit)
        if (command := shell_text(node, self.resolve)) and (found := scan_shell(self.file, command.encode())):
            for finding in found:
                self.hit(Hit(node, finding.rule, finding.what, finding.level, finding.neutral, finding.shim))
        self.generic_visit(node)

    def visit_Constant(self, node: ast.Constant) -> None:
        """A string that stands for a device, a back end, a variable; a switch."""
        hit = None
        if isinstance(node.value, str):
            hit = judge_text(node, self.ancestors, self.resolve)
        elif node.value is True:
            hit = judge_default(node, self.ancestors)
        if hit:
            self.hit(hit)

    def visit_keyword(self, node: ast.keyword) -> None:
        """`dict(CUDA_VISIBLE_DEVICES="0")`."""
        if node.arg == "CUDA_VISIBLE_DEVICES":
            self.hit(Hit(node.value, "cuda-visible-devices", node.arg, "warning"))
        self.generic_visit(node)

    def hit(self, hit: Hit, forgivable: str = "call") -> None:
        """Turn a hit into a finding, unless an NPU is provided for."""
        if self.handled:
            return
        rule = RULES[hit.rule]
        guarded = bool(self.guarded) or any(forgivable in kinds for kinds in self.forgiven)
        level = lowered(hit.level) if guarded and hit.rule != "device-choice" else hit.level
        level = "note" if self.annotating else level
        strings = [n for n in self.ancestors if isinstance(n, ast.JoinedStr)]
        at = strings[0] if strings else hit.node  # inside an f-string Python tells no sure place
        line, column = _position(at)
        code = self.lines[line - 1]
        self.findings.append(
            Finding(
                path=self.file,
                line=line,
                column=len(code[:column].decode(errors="replace")) + 1,
                rule=hit.rule,
                level=level,
                code=code.decode(errors="replace").strip(),
                what=hit.what,
                neutral=hit.neutral or rule.neutral,
                shim=hit.shim or rule.shim,
                guarded=guarded,
                scope=self.qualified,
                fix=fix_of(hit, self.ancestors, self.text, self.resolve),
            )
        )


def _position(node: ast.expr | ast.stmt | ast.alias) -> tuple[int, int]:
    """Line, from 1, and column, from 0: of a method its name, for its value may start many lines above."""
    func = node.func if isinstance(node, ast.Call) else node
    if isinstance(func, ast.Attribute) and func.end_lineno and not isinstance(func.value, ast.Name):
        if func.end_lineno > node.lineno:
            return func.end_lineno, (func.end_col_offset or 0) - len(func.attr.encode())
    return node.lineno, node.col_offset


def _skips(decorator: ast.Call, argument: ast.expr, resolve: "object") -> bool:
    """Whether a decorator leaves a test out where CUDA is missing."""
    name = ast.unparse(decorator.func)
    truth = "Unless" in name
    return ("skip" in name) and cuda_when(argument, truth, resolve)  # type: ignore[arg-type]
