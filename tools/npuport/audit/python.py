"""Python: a walk over a file's syntax that finds code that assumes CUDA, and the conditions around it."""

import ast
from dataclasses import replace

from npuport.audit import apis
from npuport.audit.calls import judge_call, judge_default, judge_dtype, shell_text
from npuport.audit.conditions import ConditionVisitor
from npuport.audit.finding import Embedded, Finding, Scanned, lowered
from npuport.audit.fixes import Site, fix_of
from npuport.audit.packages import rule_of_module
from npuport.audit.rules import RULES
from npuport.audit.source_text import SourceText
from npuport.audit.values import Hit, judge_text
from npuport.source.module import parse, source_lines
from npuport.source.names import absolute
from npuport.source.project import module_name

#: These have no effect on an NPU, with or without a condition.
HARMLESS = frozenset(("tf32", "cuda-visible-devices"))
#: These are errors if the program stops without CUDA.
_DEMANDS = frozenset(("cuda-available", "device-test", "cuda-api"))
_Node = ast.expr | ast.stmt | ast.alias


def scan_python(path: str, data: bytes, local: frozenset[str] = frozenset()) -> Scanned:
    """What a Python file assumes; the commands that it gives to a shell are embedded programs.

    Args:
        path: in the tree.
        local: the names of the tree's own top-level modules, which are not other packages.

    Raises:
        Unparsed: Python cannot parse it.
    """
    tree = parse(data)
    scanner = _Scanner(tree, path, data, local)
    scanner.block(tree.body)
    findings = [replace(f, fix=None) if n in scanner.kept else f for n, f in enumerate(scanner.findings)]
    return Scanned(findings, scanner.embedded)


class _Scanner(ConditionVisitor):
    def __init__(self, tree: ast.Module, path: str, data: bytes, local: frozenset[str]) -> None:
        super().__init__(tree, *module_name(path))
        self.file = path
        self.source = SourceText(data, tree, self.scope)
        self.lines = source_lines(data)
        self.local = local
        self.findings: list[Finding] = []
        self.embedded: list[Embedded] = []
        self.annotating = False
        self.kept: set[int] = set()  # the findings whose fix would let an NPU into code that fails there

    @property
    def count(self) -> int:
        return len(self.findings)

    def chosen(self, node: ast.IfExp) -> bool:
        """The usual choice of a device, `"cuda" if torch.cuda.is_available() else "cpu"`, is one finding."""
        called = self.resolve(node.test.func) if isinstance(node.test, ast.Call) else None
        sides = [s.value for s in (node.body, node.orelse) if isinstance(s, ast.Constant)]
        usual = called == "torch.cuda.is_available" and len(sides) == 2 and str(sides[0]).startswith("cuda")
        if usual:
            self.hit(Hit(node, "device-choice", ast.unparse(node)[:80]))
        return usual

    def visit_arg(self, node: ast.arg) -> None:
        self.annotation(node.annotation)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        self.annotation(node.annotation)
        with self._below(node):
            self.visit(node.target)
            if node.value:
                self.visit(node.value)

    def annotation(self, node: ast.expr | None) -> None:
        """Visit a type, which is evaluated at most, never called."""
        self.annotating = True
        if node:
            self.visit(node)
        self.annotating = False

    def visit_Import(self, node: ast.Import) -> None:
        for alias in node.names:
            self._import(node, alias.name)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        if node.level:
            return
        base = absolute(node, self.package)
        names = [base] if rule_of_module(base) else [f"{base}.{alias.name}" for alias in node.names]
        for name in names:
            self._import(node, name)

    def _import(self, node: ast.Import | ast.ImportFrom, name: str) -> None:
        if name.partition(".")[0] in self.local:
            return
        what = f"import of {name}"
        if rule := rule_of_module(name):
            self.hit(Hit(node, rule, what), forgivable="import")
        elif (api := apis.lookup(name)) and api.rule not in ("complex", "float64"):
            self.hit(Hit(node, api.rule, what, "note", api.neutral, api.shim))

    def visit_Attribute(self, node: ast.Attribute) -> None:
        name = self.resolve(node)
        if name and self._name(node, name):
            return
        if node.attr == "is_cuda" and (not name or name.startswith(("builtins.", "torch.Tensor"))):
            self.hit(Hit(node, "is-cuda", ".is_cuda"))
        if not name or isinstance(node.value, ast.Call):
            self.generic_visit(node)

    def visit_Name(self, node: ast.Name) -> None:
        if isinstance(node.ctx, ast.Load) and (name := self.scope.lookup(node.id)):
            self._name(node, name)

    def _name(self, node: ast.expr, name: str) -> bool:
        """Judge a dotted name; whether it assumes anything."""
        hit = judge_dtype(node, name, self.ancestors)
        if name in ("torch.Tensor.cuda", "torch.nn.Module.cuda"):
            hit = Hit(node, "cuda-method", name)
        elif not hit and (api := apis.lookup(name)):
            hit = Hit(node, api.rule, name, api.level, api.neutral, api.shim)
        if hit:
            self.hit(hit)
        return hit is not None

    def visit_Call(self, node: ast.Call) -> None:
        """A call: its method and switches, the command that it runs, then the nodes in it."""
        name = self.resolve(node.func) if isinstance(node.func, (ast.Name, ast.Attribute)) else None
        if name == "builtins.hasattr":
            return  # it asks, and assumes nothing
        direct = self.resolve(node)  # getattr(torch, "cuda")
        if direct and self._name(node, direct):
            return
        for hit in judge_call(node, self.resolve):
            self.hit(hit)
        if (command := shell_text(node, self.resolve)) and not self.handled:
            self._embed(node, command.encode())
        self.generic_visit(node)

    def visit_Constant(self, node: ast.Constant) -> None:
        """A string that is a device, a back end or a variable; a switch."""
        hit = None
        if isinstance(node.value, str):
            hit = judge_text(node, node.value, self.ancestors, self.resolve)
        elif node.value is True:
            hit = judge_default(node, self.ancestors)
        if hit:
            self.hit(hit)

    def visit_keyword(self, node: ast.keyword) -> None:
        """`dict(CUDA_VISIBLE_DEVICES="0")`."""
        if node.arg == "CUDA_VISIBLE_DEVICES":
            self.hit(Hit(node.value, "cuda-visible-devices", node.arg))
        self.generic_visit(node)

    def hit(self, hit: Hit, forgivable: str = "call") -> None:
        """Turn a hit into a finding, unless the NPU has its own branch."""
        if self.handled:
            return
        guarded = self._is_guarded(forgivable)
        level = lowered(hit.severity) if guarded and hit.rule != "device-choice" else hit.severity
        if self.demanded and hit.rule in _DEMANDS:
            level = "error"
        level = "note" if self.annotating else level
        site = Site(self.ancestors, self.source, self.resolve)
        fix = fix_of(hit, site, guarded=bool(self.guarded))
        if fix is None and hit.severity != "note" and hit.rule not in HARMLESS:
            self.kept |= self._conditions
        rule = RULES[hit.rule]
        self.findings.append(
            replace(
                rule.finding(self.file, *self._where(hit.node), hit.what),
                level=level,
                neutral=hit.neutral or rule.neutral,
                shim=hit.shim or rule.shim,
                guarded=guarded,
                scope=self.qualified,
                fix=fix,
            )
        )

    def _is_guarded(self, forgivable: str) -> bool:
        return bool(self.guarded) or any(forgivable in kinds for kinds in self.forgiven)

    @property
    def _conditions(self) -> frozenset[int]:
        return frozenset(number for condition in self.opened for number in condition)

    def _embed(self, node: ast.Call, command: bytes) -> None:
        """Keep a shell command to scan; its findings are placed at the call."""
        line, column, code = self._where(node)
        scope, guarded = self.qualified, self._is_guarded("call")

        def place(finding: Finding) -> Finding:
            level = lowered(finding.level) if guarded else finding.level
            found = replace(finding, line=line, column=column, code=code, fix=None)
            return replace(found, level=level, guarded=guarded, scope=scope)

        self.embedded.append(Embedded("shell", command, place, self._conditions))

    def _where(self, node: _Node) -> tuple[int, int, str]:
        """Line and column of a node, from 1, and the line's text."""
        strings = [n for n in self.ancestors if isinstance(n, ast.JoinedStr)]
        line, column = _position(strings[0] if strings else node)  # in an f-string positions may be wrong
        code = self.lines[line - 1]
        return line, len(code[:column].decode(errors="replace")) + 1, code.decode(errors="replace").strip()


def _position(node: _Node) -> tuple[int, int]:
    """Line, from 1, and column, from 0; for a method those of its name, whose value may start lines above."""
    func = node.func if isinstance(node, ast.Call) else node
    last = func.end_lineno or 0
    if isinstance(func, ast.Attribute) and not isinstance(func.value, ast.Name) and last > node.lineno:
        return last, (func.end_col_offset or 0) - len(func.attr.encode())
    return node.lineno, node.col_offset
