"""The mechanical changes: for one hit the edits, by byte, that make it device-neutral on CUDA, NPU and CPU.

Nothing else of the line is touched, so that the file keeps its quotes, its indentation and its line ends.
Where a change would have to guess, there is none.
"""

import ast
import re
from collections.abc import Sequence
from typing import TypeGuard

from npuport.audit import apis
from npuport.audit.finding import Edit, Fix
from npuport.audit.guards import Resolve
from npuport.audit.places import name_of
from npuport.audit.text import Text
from npuport.audit.values import Hit

_INDEX = re.compile(
    r"(?:local_|global_)?rank|gpu(?:_?(?:id|idx|index))?|dev(?:ice)?_?(?:id|idx|index)|idx|index|i"
)
_PLAIN_PARENTS = (
    *(ast.If, ast.While, ast.IfExp, ast.BoolOp, ast.Assert, ast.Assign, ast.Return, ast.Call, ast.keyword),
    ast.comprehension,
)


def fix_of(
    hit: Hit, ancestors: Sequence[ast.AST], text: Text, resolve: Resolve, *, guarded: bool = False
) -> Fix | None:
    """The mechanical change for a hit; None where a person must think.

    Args:
        guarded: whether it runs only where there is a device.
    """
    if not text.sound:
        return None
    node, parent = hit.node, ancestors[-1] if ancestors else None
    if isinstance(node, ast.ImportFrom):
        return _fix_import(node, text)
    if isinstance(node, (ast.stmt, ast.alias)):
        return None
    if hit.rule == "device-choice":
        return _fix_choice(node, ancestors, text, resolve)
    if hit.rule == "cuda-method" and isinstance(node, ast.Call):
        return _fix_method(node, text)
    if hit.rule == "is-cuda" and isinstance(node, ast.Attribute):
        return _fix_is_cuda(node, parent, text)
    if isinstance(node, (ast.Name, ast.Attribute)) and isinstance(parent, ast.Call) and parent.func is node:
        return _fix_name(node, parent, ancestors, text, resolve, guarded=guarded)
    if hit.rule == "grad-scaler" and isinstance(node, ast.Call):
        return _with_type(node, [], text)
    if isinstance(node, ast.Constant) and hit.level == "error":
        return _fix_text(hit, node, ancestors, text, resolve)
    return None


def _fix(text: Text, *edits: tuple[int, int, str], helper: bool = True) -> Fix:
    return Fix(
        tuple(Edit(start, end, new.encode()) for start, end, new in edits),
        helper=helper,
        torch=text.lacks_torch,
    )


def _fix_import(node: ast.ImportFrom, text: Text) -> Fix | None:
    start, end = text.span(node)
    at = text.data.find(b"torch.cuda.amp", start, end)
    if node.module != "torch.cuda.amp" or at < 0 or not text.amp_import():
        return None
    return _fix(text, (at, at + len(b"torch.cuda.amp"), "torch.amp"), helper=False)


def _fix_name(
    node: ast.Name | ast.Attribute,
    call: ast.Call,
    ancestors: Sequence[ast.AST],
    text: Text,
    resolve: Resolve,
    *,
    guarded: bool,
) -> Fix | None:
    name = resolve(node) or ""
    start, end = text.span(node)
    if not text.holds(node):
        return None
    if name in ("torch.cuda.amp.autocast", "torch.cuda.amp.GradScaler"):
        short = name.rpartition(".")[2]
        if isinstance(node, ast.Name):
            moved: list[tuple[int, int, str]] | None = [] if text.amp_import() and node.id == short else None
        else:
            moved = [(start, end, f"{text.torch}.{'autocast' if short == 'autocast' else 'amp.GradScaler'}")]
        return None if moved is None else _with_type(call, moved, text, shifts=short == "autocast")
    api = apis.lookup(name)
    if not api or not api.accelerator or call.keywords or not _rooted(node, resolve):
        return None
    if api.quiet and not guarded:
        return None  # on a CPU it does nothing, while the accelerator's raises
    if api.rule == "cuda-available" and not _is_condition(call, ancestors):
        return None  # kept in a name, it decides elsewhere
    return _fix(text, (start, end, f"{text.torch}.{api.accelerator}"), helper=False)


def _is_condition(node: ast.expr, ancestors: Sequence[ast.AST]) -> bool:
    """Whether it decides where it stands, in an `if` or an assertion."""
    child: ast.AST = node
    for parent in reversed(ancestors[:-1]):
        if isinstance(parent, (ast.If, ast.IfExp, ast.While, ast.Assert)):
            return parent.test is child
        if not isinstance(parent, (ast.BoolOp, ast.UnaryOp)):
            return False
        child = parent
    return False


def _rooted(node: ast.expr, resolve: Resolve) -> bool:
    """Whether it is spelt from torch itself, so that no import is left over."""
    while isinstance(node, ast.Attribute):
        node = node.value
    return isinstance(node, ast.Name) and resolve(node) == "torch"


def _with_type(
    call: ast.Call, edits: list[tuple[int, int, str]], text: Text, *, shifts: bool = False
) -> Fix | None:
    """Give a call the device's type as first argument; where that `shifts`, the old one was `enabled`."""
    if (shifts and len(call.args) > 1) or any(isinstance(a, ast.Starred) for a in call.args):
        return None
    _, end = text.span(call.func)
    opening = re.compile(rb"\s*\(\s*").match(text.data, end)
    if not opening:
        return None
    more = ", " if call.args or call.keywords else ""
    named = "enabled=" if shifts and call.args else ""
    at = opening.end()
    return _fix(text, *edits, (at, at, f"{text.helper}().type{more}{named}"))


def _fix_choice(node: ast.expr, ancestors: Sequence[ast.AST], text: Text, resolve: Resolve) -> Fix | None:
    assert isinstance(node, ast.IfExp)
    sides = {side.value for side in (node.body, node.orelse) if isinstance(side, ast.Constant)}
    cuda = next((side for side in sides if str(side).startswith("cuda")), "")
    if "cpu" not in sides or not text.holds(node):
        return None
    around = ancestors[-2] if len(ancestors) > 1 else None
    return _replaced(node, str(cuda).partition(":")[2], around, text, resolve)


def _replaced(node: ast.expr, index: str, parent: ast.AST | None, text: Text, resolve: Resolve) -> Fix:
    """A device's text becomes the accelerator's type; `torch.device(...)` around it, the accelerator."""
    if _makes_device(parent, node, resolve):
        return _fix(text, (*text.span(parent), f"{text.helper}({index})"))
    new = f"str({text.helper}({index}))" if index else f"{text.helper}().type"
    return _fix(text, (*text.span(node), new))


def _makes_device(parent: ast.AST | None, node: ast.expr, resolve: Resolve) -> TypeGuard[ast.Call]:
    """Whether a node is the only argument of `torch.device`."""
    alone = isinstance(parent, ast.Call) and parent.args == [node] and not parent.keywords
    return alone and isinstance(parent, ast.Call) and resolve(parent.func) == "torch.device"


def _fix_method(node: ast.Call, text: Text) -> Fix | None:
    _, end = text.span(node.func)
    start = end - len(b".cuda")
    opening = re.compile(rb"\s*\(\s*").match(text.data, end)
    if (
        text.data[start:end] != b".cuda"
        or not opening
        or any(k.arg in (None, "device") for k in node.keywords)
    ):
        return None
    if not node.args:
        more = ", " if node.keywords else ""
        return _fix(text, (start, opening.end(), f".to({text.helper}(){more}"))
    first = node.args[0]
    number = isinstance(first, ast.Constant) and isinstance(first.value, int)
    if len(node.args) > 1 or not (number or _INDEX.fullmatch(name_of(first))):
        return None
    _, closed = text.span(first)
    return _fix(text, (start, opening.end(), f".to({text.helper}("), (closed, closed, ")"))


def _fix_is_cuda(node: ast.Attribute, parent: ast.AST | None, text: Text) -> Fix | None:
    _, end = text.span(node)
    start = end - len(b"is_cuda")
    if text.data[start:end] != b"is_cuda":
        return None
    cpu = f"{text.quote}cpu{text.quote}"
    if isinstance(parent, ast.UnaryOp) and isinstance(parent.op, ast.Not):
        negation = re.compile(rb"not\s+").match(text.data, text.span(parent)[0])
        if not negation or negation.end() != text.span(node)[0]:
            return None
        return _fix(text, (*negation.span(), ""), (start, end, f"device.type == {cpu}"), helper=False)
    if not isinstance(parent, _PLAIN_PARENTS) or (isinstance(parent, ast.Call) and parent.func is node):
        return None
    return _fix(text, (start, end, f"device.type != {cpu}"), helper=False)


def _fix_text(
    hit: Hit, node: ast.Constant, ancestors: Sequence[ast.AST], text: Text, resolve: Resolve
) -> Fix | None:
    parent = ancestors[-1]
    if isinstance(parent, ast.JoinedStr):
        return _fix_format(parent, ancestors[-2] if len(ancestors) > 1 else None, text, resolve)
    if not isinstance(
        parent, (ast.Call, ast.keyword, ast.arguments, ast.Assign, ast.AnnAssign, ast.Return, ast.Dict)
    ):
        return None
    if not text.holds(node):
        return None
    if hit.rule == "nccl":
        return _fix_backend(node, ancestors, text, resolve)
    if hit.rule not in ("cuda-device", "autocast-cuda", "grad-scaler"):
        return None
    kind, _, index = str(node.value).partition(":")
    if kind != "cuda" or (index and not index.isdigit()) or (index and hit.rule != "cuda-device"):
        return None
    return _replaced(node, index, parent, text, resolve)


def _fix_format(node: ast.JoinedStr, parent: ast.AST | None, text: Text, resolve: Resolve) -> Fix | None:
    """`f"cuda:{rank}"`."""
    value = node.values[1] if len(node.values) == 2 else None
    if not isinstance(value, ast.FormattedValue) or value.conversion != -1 or value.format_spec:
        return None
    start, end = text.span(node)
    within, without = text.span(value.value)
    if not (start < within < without < end) or not text.holds(value.value):
        return None
    before, after = text.data[start:within], text.data[without:end]
    if not re.fullmatch(rb"[fF](['\"])cuda:\{\s*", before) or not re.fullmatch(rb"\s*\}['\"]", after):
        return None
    if _makes_device(parent, node, resolve):
        start, end = text.span(parent)
        return _fix(text, (start, within, f"{text.helper}("), (without, end, ")"))
    return _fix(text, (start, within, f"str({text.helper}("), (without, end, "))"))


def _fix_backend(
    node: ast.Constant, ancestors: Sequence[ast.AST], text: Text, resolve: Resolve
) -> Fix | None:
    call = next((n for n in reversed(ancestors) if isinstance(n, ast.Call)), None)
    if node.value != "nccl" or call is None:
        return None
    if (resolve(call.func) or "") not in (
        "torch.distributed.init_process_group",
        "torch.distributed.new_group",
    ):
        return None
    if isinstance(call.func, ast.Attribute):
        start, end = text.span(call.func.value)
        module = text.data[start:end].decode()
    else:
        module = f"{text.torch}.distributed"
    return _fix(text, (*text.span(node), f"{module}.get_default_backend_for_device({text.helper}())"))
