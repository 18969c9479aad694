"""Conditions: whether code runs only with CUDA, and whether the NPU has its own branch."""

import ast
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

#: An identifier that names an NPU, or accelerators in general.
_OTHER = re.compile(
    r"(?:^|_)(?:npus?|hccl|ascend|privateuse1|privateuseone)(?:_|$)|current_accelerator|torch_npu", re.I
)
#: An identifier that means that CUDA, or a package for it, is present: use_cuda, args.cuda, has_flash_attn.
_PACKAGES = "flash_?attn|flash_?attention|flash|triton|xformers|apex|cupy|pynvml|nvml"
_CUDA = re.compile(rf"(?:^|_)(?:cuda|nccl|{_PACKAGES})\d*(?:_|$)", re.I)
_EXITS = ("sys.exit", "builtins.exit", "builtins.quit", "os._exit")
_CUDA_TEXT = re.compile(r"cuda(?::\d*)?")
_OTHER_TEXT = re.compile(r"(?:npu|hccl|privateuse1)(?::|$)")
_NPU_TEXT = re.compile(r"npu(?::\d*)?")
Resolve = Callable[[ast.expr], str | None]


def mentions_npu(node: ast.AST) -> bool:
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
    """Whether it is `torch.accelerator`; the accelerator of another library may be CUDA itself."""
    return (
        node.attr == "accelerator" and isinstance(node.value, ast.Name) and node.value.id in ("torch", "th")
    )


@dataclass(frozen=True)
class _Device:
    """The marks of a kind of device: words in names, its text, its module in torch."""

    names: re.Pattern[str]
    text: re.Pattern[str]
    module: str

    def is_text(self, node: ast.AST) -> bool:
        return isinstance(node, ast.Constant) and bool(self.text.fullmatch(str(node.value)))

    def is_named(self, node: ast.expr, resolve: Resolve) -> bool:
        """Whether the name of a variable or function means that the device is present."""
        name = node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""
        return bool(self.names.search(name)) or resolve(node) == f"torch.version.{self.module}"


_CUDA_DEVICE = _Device(_CUDA, _CUDA_TEXT, "cuda")
_NPU_DEVICE = _Device(_OTHER, _NPU_TEXT, "npu")
is_cuda_text = _CUDA_DEVICE.is_text


def cuda_when(test: ast.expr, truth: bool, resolve: Resolve) -> bool:
    """Whether a condition has this truth value only if CUDA, or a package that needs it, is present."""
    return _when(test, truth, _CUDA_DEVICE, resolve)


def npu_when(test: ast.expr, truth: bool, resolve: Resolve) -> bool:
    """Whether a condition has this truth value only if an NPU is present."""
    return _when(test, truth, _NPU_DEVICE, resolve)


def _when(test: ast.expr, truth: bool, device: _Device, resolve: Resolve) -> bool:
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        return _when(test.operand, not truth, device, resolve)
    if isinstance(test, ast.BoolOp):
        one = isinstance(test.op, ast.And) == truth  # all values have this truth value: one suffices
        return (any if one else all)(_when(value, truth, device, resolve) for value in test.values)
    if isinstance(test, ast.NamedExpr):
        return _when(test.value, truth, device, resolve)
    if isinstance(test, ast.Compare) and len(test.ops) == 1:
        return _compared(test, truth, device, resolve)
    return truth and _means_present(test, device, resolve)


def _compared(test: ast.Compare, truth: bool, device: _Device, resolve: Resolve) -> bool:
    left, right, op = test.left, test.comparators[0], test.ops[0]
    if device.is_text(left) or device.is_text(right):
        return truth == isinstance(op, (ast.Eq, ast.In, ast.Is))
    if isinstance(right, (ast.Tuple, ast.List, ast.Set)) and isinstance(op, (ast.In, ast.NotIn)):
        only = bool(right.elts) and all(map(device.is_text, right.elts))
        return only and truth == isinstance(op, ast.In)
    if isinstance(right, ast.Constant) and right.value is None:  # flash_attn is not None, torch.version.cuda
        return truth == isinstance(op, (ast.IsNot, ast.NotEq)) and device.is_named(left, resolve)
    if isinstance(right, ast.Constant) and isinstance(right.value, int):  # torch.cuda.device_count() > 1
        more = isinstance(op, (ast.Gt, ast.GtE, ast.NotEq))
        return truth == more and _means_present(left, device, resolve)
    if isinstance(right, ast.Call) and isinstance(right.func, (ast.Name, ast.Attribute)):
        made = resolve(right.func) == "torch.device"  # device == torch.device("cuda")
        return made and truth == isinstance(op, ast.Eq) and any(map(device.is_text, right.args))
    return False


def _means_present(test: ast.expr, device: _Device, resolve: Resolve) -> bool:
    """Whether a true value means that the device is present."""
    if not isinstance(test, ast.Call):
        return device.is_named(test, resolve)
    name = resolve(test.func) or ""
    if name.startswith(f"torch.{device.module}.") or name == f"torch.backends.{device.module}.is_built":
        return True
    if isinstance(test.func, ast.Attribute) and test.func.attr == "startswith":
        return any(map(device.is_text, test.args))
    if name in ("builtins.bool", "builtins.len"):
        return any(_means_present(a, device, resolve) for a in test.args)
    return device.is_named(test.func, resolve)


def ends(statements: Sequence[ast.stmt], resolve: Resolve) -> str:
    """How a block ends: `stop` ends the program, `leave` the function or the loop; else empty."""
    last = statements[-1] if statements else None
    if isinstance(last, ast.Raise):
        return "stop"
    if isinstance(last, (ast.Return, ast.Continue, ast.Break)):
        return "leave"
    call = last.value if isinstance(last, ast.Expr) else None
    return "stop" if isinstance(call, ast.Call) and resolve(call.func) in _EXITS else ""


def forgiven(node: ast.Try) -> frozenset[str]:
    """The failures after which a try statement continues: `import`, `call`."""
    kinds: set[str] = set()
    for handler in node.handlers:
        if any(isinstance(statement, ast.Raise) for statement in handler.body):
            continue
        types = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
        for kind in types:
            name = getattr(kind, "id", None) or getattr(kind, "attr", None)
            if kind is None or name in ("Exception", "BaseException"):
                kinds |= {"import", "call"}
            elif name in ("ImportError", "ModuleNotFoundError", "OSError"):
                kinds.add("import")
            elif name in ("RuntimeError", "AssertionError", "FileNotFoundError", "CalledProcessError"):
                kinds.add("call")
    return frozenset(kinds)
