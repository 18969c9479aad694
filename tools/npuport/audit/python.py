"""Python: a walk over a file's syntax that finds what assumes CUDA, under which conditions."""

import ast
from dataclasses import replace

from npuport.audit import apis
from npuport.audit.calls import judge_call, judge_default, judge_dtype, shell_text
from npuport.audit.conditions import ConditionVisitor
from npuport.audit.finding import Finding, lowered
from npuport.audit.fixes import fix_of
from npuport.audit.rules import RULES
from npuport.audit.shell import scan_shell
from npuport.audit.text import Text
from npuport.audit.values import Hit, judge_text
from npuport.source.module import parse, source_lines
from npuport.source.names import absolute
from npuport.source.project import module_name

#: These do nothing on an NPU, whatever guards them.
_HARMLESS = frozenset(("tf32", "cuda-visible-devices"))
#: Where the program ends without CUDA, these are errors.
_DEMANDS = frozenset(("cuda-available", "device-test", "cuda-api"))


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
    for number, finding in enumerate(scanner.findings):
        if number in scanner.kept:
            finding = replace(finding, fix=None)
        unique.setdefault((finding.line, finding.column, finding.rule), finding)
    return sorted(unique.values(), key=lambda f: (f.line, f.column))


class _Scanner(ConditionVisitor):
    def __init__(self, tree: ast.Module, path: str, data: bytes, local: frozenset[str]) -> None:
        super().__init__(tree, *module_name(path))
        self.file = path
        self.text = Text(data, tree, self.scope)
        self.lines = source_lines(data)
        self.local = local
        self.findings: list[Finding] = []
        self.annotating = False
        self.kept: set[int] = set()

    @property
    def count(self) -> int:
        """How many findings there are by now."""
        return len(self.findings)

    def chosen(self, node: ast.IfExp) -> bool:
        """The usual choice of a device, `"cuda" if torch.cuda.is_available() else "cpu"`, is one finding."""
        called = self.resolve(node.test.func) if isinstance(node.test, ast.Call) else None
        sides = [s.value for s in (node.body, node.orelse) if isinstance(s, ast.Constant)]
        usual = called == "torch.cuda.is_available" and len(sides) == 2 and str(sides[0]).startswith("cuda")
        if usual:
            self.hit(Hit(node, "device-choice", ast.unparse(node)[:80], "warning"))
        return usual

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
            hit = judge_text(node, node.value, self.ancestors, self.resolve)
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
        if self.demanded and hit.rule in _DEMANDS:
            level = "error"
        level = "note" if self.annotating else level
        fix = fix_of(hit, self.ancestors, self.text, self.resolve, guarded=bool(self.guarded))
        if fix is None and hit.level != "note" and hit.rule not in _HARMLESS:
            # Whoever opens a condition to the NPU must not let it meet this.
            self.kept.update(number for condition in self.opened for number in condition)
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
                fix=fix,
            )
        )


def _position(node: ast.expr | ast.stmt | ast.alias) -> tuple[int, int]:
    """Line, from 1, and column, from 0: of a method its name, for its value may start many lines above."""
    func = node.func if isinstance(node, ast.Call) else node
    last = func.end_lineno or 0
    if isinstance(func, ast.Attribute) and not isinstance(func.value, ast.Name) and last > node.lineno:
        return last, (func.end_col_offset or 0) - len(func.attr.encode())
    return node.lineno, node.col_offset
