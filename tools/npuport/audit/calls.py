"""Calls and dtypes: what a call assumes by its method, its switches, or what it leaves out."""

import ast
from collections.abc import Iterator, Sequence

from npuport.audit.guards import Resolve
from npuport.audit.places import Place, name_of, place_of
from npuport.audit.values import SCALERS, Hit, runs_shell

_FLOAT64 = {"torch.float64", "torch.double"}
_COMPLEX = {
    f"torch.{name}" for name in ("complex32", "complex64", "complex128", "cfloat", "cdouble", "chalf")
}
_CONVERTS = ("to", "type", "type_as", "astype", "view", "set_default_dtype", "empty", "zeros", "ones", "full")
_HOST = {"cpu", "numpy", "from_numpy"}
_XFORMERS = ("enable_xformers_memory_efficient_attention", "set_use_memory_efficient_attention_xformers")
_PROFILES = ("profile", "emit_nvtx", "key_averages")
_EXTENSION = "torch.utils.cpp_extension."


def judge_call(node: ast.Call, resolve: Resolve) -> Iterator[Hit]:
    """What a call assumes, apart from the names and strings in it, which are judged by themselves."""
    callee = resolve(node.func) or ""
    if isinstance(node.func, ast.Attribute):
        yield from _judge_method(node, node.func, callee)
    keywords = {keyword.arg: keyword.value for keyword in node.keywords}
    if _true(keywords.get("pin_memory")):
        yield Hit(keywords["pin_memory"], "pinned-memory", "pin_memory=True", "note")
    for switch in ("tf32", "allow_tf32"):
        if _true(keywords.get(switch)):
            yield Hit(keywords[switch], "tf32", f"{switch}=True", "warning")
    if _true(keywords.get("use_cuda")) and name_of(node.func) in _PROFILES:
        yield Hit(keywords["use_cuda"], "cuda-profiler", "use_cuda=True", "warning")
    if callee in SCALERS and not node.args and not {"device", None}.intersection(keywords):
        yield Hit(node, "grad-scaler", "GradScaler(), for CUDA by default", "error", shim="no")
    if callee == "torch.is_autocast_enabled" and not node.args and not keywords:
        yield Hit(
            node,
            "autocast-cuda",
            "is_autocast_enabled(), of CUDA by default",
            "warning",
            "torch.is_autocast_enabled(device_type)",
        )
    if callee in (_EXTENSION + "load", _EXTENSION + "load_inline"):
        yield from _judge_extension(node, keywords, callee)


def _judge_method(node: ast.Call, func: ast.Attribute, callee: str) -> Iterator[Hit]:
    if func.attr == "cuda" and _is_method(func, callee) and _moves(node):
        yield Hit(node, "cuda-method", ".cuda()", "error")
    elif func.attr == "pin_memory" and _is_method(func, callee) and not _on_host_only(node):
        yield Hit(
            node, "pinned-memory", ".pin_memory()", "note", "the same behind torch.accelerator.is_available()"
        )
    elif func.attr == "double" and _is_method(func, callee) and not node.args and not node.keywords:
        if not _from_host(func.value):
            yield Hit(node, "float64", ".double()", "note")
    elif func.attr in _XFORMERS:
        yield Hit(node, "xformers", f".{func.attr}()", "warning")
    elif func.attr in ("cfloat", "cdouble") and _is_method(func, callee) and not node.args:
        yield Hit(node, "complex", f".{func.attr}()", "note")


def _is_method(func: ast.Attribute, callee: str) -> bool:
    """Whether it is a method of a value, and not a function of some library's module."""
    if not callee or callee.startswith("builtins."):
        return True
    return isinstance(func.value, ast.Name) and callee.count(".") > 1  # from models import net


def _moves(node: ast.Call) -> bool:
    """Whether the arguments are those of `Tensor.cuda` or `Module.cuda`."""
    known = {"device", "non_blocking", "memory_format", "async_"}
    text = [a for a in node.args if isinstance(a, ast.Constant) and isinstance(a.value, (str, float))]
    plain = all("cuda" in str(a.value) for a in text)
    return len(node.args) <= 2 and plain and all(k.arg is None or k.arg in known for k in node.keywords)


def _on_host_only(node: ast.Call) -> bool:
    return any(isinstance(a, ast.Constant) and a.value is False for a in node.args)


def _from_host(node: ast.expr) -> bool:
    """Whether a value has just been made on, or fetched to, the host."""
    while isinstance(node, (ast.Call, ast.Attribute, ast.Subscript)):
        if isinstance(node, ast.Call) and name_of(node.func) in _HOST:
            return True
        node = node.func if isinstance(node, ast.Call) else node.value
    return False


def _judge_extension(node: ast.Call, keywords: dict[str | None, ast.expr], callee: str) -> Iterator[Hit]:
    values = [*node.args, *keywords.values()]
    text = [
        part.value
        for value in values
        for part in ast.walk(value)
        if isinstance(part, ast.Constant) and isinstance(part.value, str)
    ]
    what = name_of(node.func)
    if (
        any(t.endswith((".cu", ".cuh")) for t in text)
        or "cuda_sources" in keywords
        or _true(keywords.get("with_cuda"))
    ):
        yield Hit(node, "cuda-extension", what, "error")
    elif callee.endswith("load") and not any(t.endswith((".cpp", ".cc", ".cxx", ".c")) for t in text):
        yield Hit(node, "cuda-extension", f"{what} of sources that are not named here", "warning")


def judge_dtype(node: ast.expr, name: str, ancestors: Sequence[ast.AST]) -> Hit | None:
    """What a dtype assumes where it makes or converts a tensor; in a table of dtypes it assumes nothing."""
    if name not in _FLOAT64 and name not in _COMPLEX:
        return None
    place = place_of(node, ancestors)
    converts = place.kind == "argument" and _converts(place)
    named = place.kind in ("keyword", "default", "assign") and "dtype" in place.name
    if (
        not (converts or named)
        or _stays_on_host(place)
        or isinstance(place.around, (ast.List, ast.Tuple, ast.Set))
    ):
        return None
    return Hit(node, "float64" if name in _FLOAT64 else "complex", name, "note")


def _converts(place: Place) -> bool:
    return isinstance(place.node, ast.Call) and name_of(place.node.func) in _CONVERTS


def _stays_on_host(place: Place) -> bool:
    if not isinstance(place.node, ast.Call):
        return False
    device = next((k.value for k in place.node.keywords if k.arg == "device"), None)
    if isinstance(device, ast.Constant) and device.value == "cpu":
        return True
    return isinstance(place.node.func, ast.Attribute) and _from_host(place.node.func.value)


def judge_default(node: ast.Constant, ancestors: Sequence[ast.AST]) -> Hit | None:
    """`pin_memory=True` as a parameter's default, in a dictionary or as a field."""
    place = place_of(node, ancestors)
    if place.name == "pin_memory" and place.kind in ("default", "assign", "item"):
        return Hit(node, "pinned-memory", "pin_memory=True", "note")
    return None


def shell_text(node: ast.Call, resolve: Resolve) -> str:
    """The command line that a call hands to a shell, 0 in the place of what is computed; or nothing."""
    if not node.args or not runs_shell(resolve(node.func) or ""):
        return ""
    first = node.args[0]
    parts = first.values if isinstance(first, ast.JoinedStr) else [first]
    texts = [part.value if isinstance(part, ast.Constant) else 0 for part in parts]
    return "".join(map(str, texts)) if any(isinstance(text, str) for text in texts) else ""


def _true(node: ast.expr | None) -> bool:
    return isinstance(node, ast.Constant) and node.value is True
