"""Conditions: whether code runs only where CUDA is, and whether an NPU has a branch of its own."""

import ast
import re
from collections.abc import Callable, Iterable

#: An identifier that speaks of an NPU, or of whatever accelerator there is.
_OTHER = re.compile(
    r"(?:^|_)(?:npus?|hccl|ascend|privateuse1|privateuseone)(?:_|$)|current_accelerator|torch_npu", re.I
)
#: One that says whether something CUDA is there: use_cuda, args.cuda, CUDA_AVAILABLE, has_flash_attn.
_PACKAGES = "flash_?attn|flash_?attention|flash|triton|xformers|apex|cupy|pynvml|nvml"
_CUDA = re.compile(rf"(?:^|_)(?:cuda|nccl|{_PACKAGES})\d*(?:_|$)", re.I)
Resolve = Callable[[ast.expr], str | None]


def speaks_of_npu(node: ast.AST) -> bool:
    """Whether an expression or statement mentions an NPU, or accelerators in general."""
    for part in ast.walk(node):
        if isinstance(part, ast.Name) and _OTHER.search(part.id):
            return True
        if isinstance(part, ast.Attribute) and (_OTHER.search(part.attr) or _is_accelerator(part)):
            return True
        if isinstance(part, ast.Constant) and isinstance(part.value, str) and len(part.value) < 40:
            if re.match(r"(?:npu|hccl|privateuse1)(?::|$)", part.value):
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
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        return cuda_when(test.operand, not truth, resolve)
    if isinstance(test, ast.BoolOp):
        some = isinstance(test.op, ast.And) == truth  # one of the values suffices: all of them have it
        return (any if some else all)(cuda_when(value, truth, resolve) for value in test.values)
    if isinstance(test, ast.NamedExpr):
        return cuda_when(test.value, truth, resolve)
    if isinstance(test, ast.Compare) and len(test.ops) == 1:
        return _compared(test, truth, resolve)
    return truth and _says_cuda(test, resolve)


def _compared(test: ast.Compare, truth: bool, resolve: Resolve) -> bool:
    left, right, op = test.left, test.comparators[0], test.ops[0]
    sides = (left, right)
    if any(isinstance(side, ast.Constant) and _cuda_text(side.value) for side in sides):
        return truth == isinstance(op, (ast.Eq, ast.In, ast.Is))
    if isinstance(right, ast.Constant) and right.value is None:  # flash_attn is not None, torch.version.cuda
        return truth == isinstance(op, (ast.IsNot, ast.NotEq)) and _named_cuda(left, resolve)
    if isinstance(right, ast.Constant) and isinstance(right.value, int):  # torch.cuda.device_count() > 1
        return truth == isinstance(op, (ast.Gt, ast.GtE, ast.NotEq)) and _says_cuda(left, resolve)
    if isinstance(right, ast.Call) and isinstance(right.func, (ast.Name, ast.Attribute)):
        made = resolve(right.func)  # device == torch.device("cuda")
        text = [a.value for a in right.args if isinstance(a, ast.Constant)]
        return made == "torch.device" and truth == isinstance(op, ast.Eq) and any(map(_cuda_text, text))
    return False


def _says_cuda(test: ast.expr, resolve: Resolve) -> bool:
    if isinstance(test, ast.Call):
        name = resolve(test.func) or ""
        if name.startswith("torch.cuda.") or name == "torch.backends.cuda.is_built":
            return True
        if isinstance(test.func, ast.Attribute) and test.func.attr == "startswith":
            return any(isinstance(a, ast.Constant) and _cuda_text(a.value) for a in test.args)
        if name in ("builtins.bool", "builtins.hasattr", "builtins.len"):
            return name != "builtins.hasattr" and any(_says_cuda(a, resolve) for a in test.args)
        return _named_cuda(test.func, resolve)
    if isinstance(test, ast.Attribute) and test.attr == "is_cuda":
        return True
    return _named_cuda(test, resolve)


def _named_cuda(node: ast.expr, resolve: Resolve) -> bool:
    """Whether a variable, or a function that is called, tells by its name that CUDA is there."""
    if resolve(node) == "torch.version.cuda":
        return True
    name = node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""
    return bool(_CUDA.search(name))


def _cuda_text(value: object) -> bool:
    return isinstance(value, str) and bool(re.fullmatch(r"cuda(?::\d*)?", value))


def ends(statements: Iterable[ast.stmt], resolve: Resolve) -> str:
    """How a block ends: `stop` where the program does, `leave` where only the function or loop does."""
    last = list(statements)[-1:]
    for statement in last:
        if isinstance(statement, ast.Raise):
            return "stop"
        if isinstance(statement, (ast.Return, ast.Continue, ast.Break)):
            return "leave"
        if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call):
            if resolve(statement.value.func) in ("sys.exit", "builtins.exit", "builtins.quit", "os._exit"):
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
