"""Conditions: whether code runs only where CUDA is, and whether an NPU has a branch of its own."""

import ast
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

#: An identifier that speaks of an NPU, or of whatever accelerator there is.
_OTHER = re.compile(
    r"(?:^|_)(?:npus?|hccl|ascend|privateuse1|privateuseone)(?:_|$)|current_accelerator|torch_npu", re.I
)
#: One that says whether something CUDA is there: use_cuda, args.cuda, CUDA_AVAILABLE, has_flash_attn.
_PACKAGES = "flash_?attn|flash_?attention|flash|triton|xformers|apex|cupy|pynvml|nvml"
_CUDA = re.compile(rf"(?:^|_)(?:cuda|nccl|{_PACKAGES})\d*(?:_|$)", re.I)
_EXITS = ("sys.exit", "builtins.exit", "builtins.quit", "os._exit")
_CUDA_TEXT = re.compile(r"cuda(?::\d*)?")
_OTHER_TEXT = re.compile(r"(?:npu|hccl|privateuse1)(?::|$)")
_NPU_TEXT = re.compile(r"npu(?::\d*)?")
Resolve = Callable[[ast.expr], str | None]


def speaks_of_npu(node: ast.AST) -> bool:
    """Whether an expression or statement mentions an NPU, or accelerators in general."""
    for part in ast.walk(node):
        if isinstance(part, ast.Name) and _OTHER.search(part.id):
            return True
        if isinstance(part, ast.Attribute) and (_OTHER.search(part.attr) or _is_accelerator(part)):
            return True
        if isinstance(part, ast.Constant) and _OTHER_TEXT.match(str(part.value)[:40]):
            return True
        if isinstance(part, (ast.Import, ast.ImportFrom)) and any("torch_npu" in a.name for a in part.names):
            return True
    return False


def _is_accelerator(node: ast.Attribute) -> bool:
    """`torch.accelerator`; the accelerator of another library may be CUDA itself."""
    return (
        node.attr == "accelerator" and isinstance(node.value, ast.Name) and node.value.id in ("torch", "th")
    )


def cuda_when(test: ast.expr, truth: bool, resolve: Resolve) -> bool:
    """Whether CUDA (or a package that needs it) must be there for a condition to have a truth value."""
    return _when(test, truth, _Sign(_CUDA, _CUDA_TEXT, "torch.cuda.", resolve))


def is_cuda_text(node: ast.AST) -> bool:
    """Whether a node is the text of a CUDA device."""
    return isinstance(node, ast.Constant) and bool(_CUDA_TEXT.fullmatch(str(node.value)))


def npu_when(test: ast.expr, truth: bool, resolve: Resolve) -> bool:
    """Whether an NPU must be there for a condition to have a truth value."""
    return _when(test, truth, _Sign(_OTHER, _NPU_TEXT, "torch.npu.", resolve))


@dataclass(frozen=True)
class _Sign:
    """By what a device is known: words in names, its text, its module in torch."""

    names: re.Pattern[str]
    text: re.Pattern[str]
    module: str
    resolve: Resolve

    def is_text(self, node: ast.AST) -> bool:
        return isinstance(node, ast.Constant) and bool(self.text.fullmatch(str(node.value)))

    def is_named(self, node: ast.expr) -> bool:
        """Whether a variable, or a function that is called, tells by its name that the device is there."""
        name = node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""
        return bool(self.names.search(name)) or self.resolve(node) == f"torch.version.{self.module[6:-1]}"


def _when(test: ast.expr, truth: bool, sign: _Sign) -> bool:
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        return _when(test.operand, not truth, sign)
    if isinstance(test, ast.BoolOp):
        some = isinstance(test.op, ast.And) == truth  # one of the values suffices: all of them have it
        return (any if some else all)(_when(value, truth, sign) for value in test.values)
    if isinstance(test, ast.NamedExpr):
        return _when(test.value, truth, sign)
    if isinstance(test, ast.Compare) and len(test.ops) == 1:
        return _compared(test, truth, sign)
    return truth and _says(test, sign)


def _compared(test: ast.Compare, truth: bool, sign: _Sign) -> bool:
    left, right, op = test.left, test.comparators[0], test.ops[0]
    if sign.is_text(left) or sign.is_text(right):
        return truth == isinstance(op, (ast.Eq, ast.In, ast.Is))
    if isinstance(right, (ast.Tuple, ast.List, ast.Set)) and isinstance(op, (ast.In, ast.NotIn)):
        only = bool(right.elts) and all(map(sign.is_text, right.elts))
        return only and truth == isinstance(op, ast.In)
    if isinstance(right, ast.Constant) and right.value is None:  # flash_attn is not None, torch.version.cuda
        return truth == isinstance(op, (ast.IsNot, ast.NotEq)) and sign.is_named(left)
    if isinstance(right, ast.Constant) and isinstance(right.value, int):  # torch.cuda.device_count() > 1
        return truth == isinstance(op, (ast.Gt, ast.GtE, ast.NotEq)) and _says(left, sign)
    if isinstance(right, ast.Call) and isinstance(right.func, (ast.Name, ast.Attribute)):
        made = sign.resolve(right.func) == "torch.device"  # device == torch.device("cuda")
        return made and truth == isinstance(op, ast.Eq) and any(map(sign.is_text, right.args))
    return False


def _says(test: ast.expr, sign: _Sign) -> bool:
    if isinstance(test, ast.Call):
        name = sign.resolve(test.func) or ""
        if name.startswith(sign.module) or name == f"torch.backends.{sign.module[6:]}is_built":
            return True
        if isinstance(test.func, ast.Attribute) and test.func.attr == "startswith":
            return any(map(sign.is_text, test.args))
        if name in ("builtins.bool", "builtins.len"):
            return any(_says(a, sign) for a in test.args)
        return sign.is_named(test.func)
    return sign.is_named(test)


def ends(statements: Iterable[ast.stmt], resolve: Resolve) -> str:
    """How a block ends: `stop` where the program does, `leave` where only the function or loop does."""
    last = list(statements)[-1:]
    for statement in last:
        if isinstance(statement, ast.Raise):
            return "stop"
        if isinstance(statement, (ast.Return, ast.Continue, ast.Break)):
            return "leave"
        call = statement.value if isinstance(statement, ast.Expr) else None
        if isinstance(call, ast.Call) and resolve(call.func) in _EXITS:
            return "stop"
    return ""


def forgiven(node: ast.Try) -> frozenset[str]:
    """What a try statement goes on after: a failed `import`, a failed `call`."""
    kinds: set[str] = set()
    for handler in node.handlers:
        if any(isinstance(statement, ast.Raise) for statement in handler.body):
            continue
        types = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
        for kind in types:
            name = (
                kind.id
                if isinstance(kind, ast.Name)
                else kind.attr
                if isinstance(kind, ast.Attribute)
                else ""
            )
            if kind is None or name in ("Exception", "BaseException"):
                kinds |= {"import", "call"}
            elif name in ("ImportError", "ModuleNotFoundError", "OSError"):
                kinds.add("import")
            elif name in ("RuntimeError", "AssertionError", "FileNotFoundError", "CalledProcessError"):
                kinds.add("call")
    return frozenset(kinds)
