"""Calls and dtypes: what a call assumes by its method, its switches, or an argument that it omits."""

import ast
import re
from collections.abc import Iterator, Sequence

from npuport.audit.guards import Resolve
from npuport.audit.usage import name_of, usage_of
from npuport.audit.values import SCALERS, Hit

_FLOAT64 = {"torch.float64", "torch.double"}
_COMPLEX = {
    f"torch.{name}" for name in ("complex32", "complex64", "complex128", "cfloat", "cdouble", "chalf")
}
_CONVERTS = ("to", "type", "type_as", "astype", "view", "set_default_dtype", "empty", "zeros", "ones", "full")
_HOST = {"cpu", "numpy", "from_numpy"}
_XFORMERS = ("enable_xformers_memory_efficient_attention", "set_use_memory_efficient_attention_xformers")
_PROFILES = ("profile", "emit_nvtx", "key_averages")
_EXTENSION = "torch.utils.cpp_extension."
_MOVES = {None, "device", "non_blocking", "memory_format", "async_"}
_SHELLS = re.compile(
    r"os\.(?:system|popen)|subprocess\.\w+|asyncio\.create_subprocess_\w+|commands\.getoutput"
)


def judge_call(node: ast.Call, resolve: Resolve) -> Iterator[Hit]:
    """What a call assumes. The names and strings in it are judged separately."""
    callee = resolve(node.func) or ""
    if isinstance(node.func, ast.Attribute):
        yield from _judge_method(node, node.func, callee)
    keywords = {keyword.arg: keyword.value for keyword in node.keywords}
    for switch, rule in (("pin_memory", "pinned-memory"), ("tf32", "tf32"), ("allow_tf32", "tf32")):
        if _true(keywords.get(switch)):
            yield Hit(keywords[switch], rule, f"{switch}=True")
    if _true(keywords.get("use_cuda")) and name_of(node.func) in _PROFILES:
        yield Hit(keywords["use_cuda"], "cuda-profiler", "use_cuda=True")
    if callee in SCALERS and not node.args and not {"device", None}.intersection(keywords):
        yield Hit(node, "grad-scaler", "GradScaler(), for CUDA by default", shim="no")
    if callee == "torch.is_autocast_enabled" and not node.args and not keywords:
        what, neutral = "is_autocast_enabled(), of CUDA by default", "torch.is_autocast_enabled(device_type)"
        yield Hit(node, "autocast-cuda", what, "warning", neutral)
    if callee in (_EXTENSION + "load", _EXTENSION + "load_inline"):
        yield from _judge_extension(node, keywords, callee)


def _judge_method(node: ast.Call, func: ast.Attribute, callee: str) -> Iterator[Hit]:
    if func.attr in _XFORMERS:
        yield Hit(node, "xformers", f".{func.attr}()", "warning")
    elif not _is_method(func, callee):
        return
    elif func.attr == "cuda" and _moves(node):
        yield Hit(node, "cuda-method", ".cuda()")
    elif func.attr == "pin_memory" and not any(_constant(a) is False for a in node.args):
        neutral = "the same if torch.accelerator.is_available()"
        yield Hit(node, "pinned-memory", ".pin_memory()", neutral=neutral)
    elif func.attr == "double" and not node.args and not node.keywords:
        if not _from_host(func.value):
            yield Hit(node, "float64", ".double()")
    elif func.attr in ("cfloat", "cdouble") and not node.args:
        yield Hit(node, "complex", f".{func.attr}()")


def _is_method(func: ast.Attribute, callee: str) -> bool:
    """Whether it is a method of a value, not a function of a library's module."""
    if not callee or callee.startswith("builtins."):
        return True
    return isinstance(func.value, ast.Name) and callee.count(".") > 1  # from models import net


def _moves(node: ast.Call) -> bool:
    """Whether the arguments are those of `Tensor.cuda` or `Module.cuda`."""
    text = [a.value for a in node.args if isinstance(a, ast.Constant) and isinstance(a.value, (str, float))]
    plain = all("cuda" in str(value) for value in text)
    return len(node.args) <= 2 and plain and all(keyword.arg in _MOVES for keyword in node.keywords)


def _from_host(node: ast.expr) -> bool:
    """Whether an expression makes a value on the host, or copies it to the host."""
    while isinstance(node, (ast.Call, ast.Attribute, ast.Subscript)):
        if isinstance(node, ast.Call) and name_of(node.func) in _HOST:
            return True
        node = node.func if isinstance(node, ast.Call) else node.value
    return False


def _judge_extension(node: ast.Call, keywords: dict[str | None, ast.expr], callee: str) -> Iterator[Hit]:
    parts = [part for value in (*node.args, *keywords.values()) for part in ast.walk(value)]
    text = [value for part in parts if isinstance(value := _constant(part), str)]
    what = name_of(node.func)
    sources = any(t.endswith((".cu", ".cuh")) for t in text)
    if sources or "cuda_sources" in keywords or _true(keywords.get("with_cuda")):
        yield Hit(node, "cuda-extension", what)
    elif callee.endswith("load") and not any(t.endswith((".cpp", ".cc", ".cxx", ".c")) for t in text):
        yield Hit(node, "cuda-extension", f"{what} of sources that the call does not name", "warning")


def judge_dtype(node: ast.expr, name: str, ancestors: Sequence[ast.AST]) -> Hit | None:
    """What a dtype assumes if it makes or converts a tensor; in a table of dtypes it assumes nothing."""
    if name not in _FLOAT64 and name not in _COMPLEX:
        return None
    use = usage_of(node, ancestors)
    converts = use.kind == "argument" and use.call is not None and name_of(use.call.func) in _CONVERTS
    named = use.kind in ("keyword", "default", "assign") and "dtype" in use.name
    listed = isinstance(use.around, (ast.List, ast.Tuple, ast.Set))
    if not (converts or named) or listed or (use.call and _stays_on_host(use.call)):
        return None
    return Hit(node, "float64" if name in _FLOAT64 else "complex", name)


def _stays_on_host(call: ast.Call) -> bool:
    device = next((k.value for k in call.keywords if k.arg == "device"), None)
    return _constant(device) == "cpu" or (
        isinstance(call.func, ast.Attribute) and _from_host(call.func.value)
    )


def judge_default(node: ast.Constant, ancestors: Sequence[ast.AST]) -> Hit | None:
    """`pin_memory=True` as a parameter's default, in a dictionary or as a field."""
    use = usage_of(node, ancestors)
    if use.name == "pin_memory" and use.kind in ("default", "assign", "item"):
        return Hit(node, "pinned-memory", "pin_memory=True")
    return None


def shell_text(node: ast.Call, resolve: Resolve) -> str:
    """The command line that a call gives to a shell, with 0 for computed parts; empty if there is none."""
    if not node.args or not _SHELLS.fullmatch(resolve(node.func) or ""):
        return ""
    first = node.args[0]
    parts = first.values if isinstance(first, ast.JoinedStr) else [first]
    texts = [part.value if isinstance(part, ast.Constant) else 0 for part in parts]
    return "".join(map(str, texts)) if any(isinstance(text, str) for text in texts) else ""


def _constant(node: ast.AST | None) -> object:
    return node.value if isinstance(node, ast.Constant) else None


def _true(node: ast.expr | None) -> bool:
    return _constant(node) is True
