"""The mechanical changes: for one hit the edits, by byte, that make it device-neutral on CUDA, NPU and CPU.

A change edits nothing else of the line, so that the file keeps its quotes, its indentation and its line ends.
There is no change if it would have to guess.
"""

import ast
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeGuard

from npuport.audit import apis
from npuport.audit.finding import Edit, Fix
from npuport.audit.guards import Resolve
from npuport.audit.source_text import SourceText
from npuport.audit.usage import name_of
from npuport.audit.values import Hit

_INDEX = re.compile(
    r"(?:local_|global_)?rank|gpu(?:_?(?:id|idx|index))?|dev(?:ice)?_?(?:id|idx|index)|idx|index|i"
)
_PLAIN_PARENTS = (
    *(ast.If, ast.While, ast.IfExp, ast.BoolOp, ast.Assert, ast.Assign, ast.Return, ast.Call, ast.keyword),
    ast.comprehension,
)
_TEXT_PARENTS = (ast.Call, ast.keyword, ast.arguments, ast.Assign, ast.AnnAssign, ast.Return, ast.Dict)
_GROUPS = ("torch.distributed.init_process_group", "torch.distributed.new_group")
_OPENING = re.compile(rb"\s*\(\s*")
_Change = tuple[int, int, str]


@dataclass(frozen=True)
class Site:
    """The surroundings of a hit: the nodes around it, outermost first, the file, the meaning of its names."""

    ancestors: Sequence[ast.AST]
    source: SourceText
    resolve: Resolve

    def outer(self, depth: int) -> ast.AST | None:
        """The node that many levels above the hit."""
        return self.ancestors[-depth] if len(self.ancestors) >= depth else None

    def fix(self, *edits: _Change, helper: bool = True) -> Fix:
        """The change that these edits make."""
        new = tuple(Edit(start, end, text.encode()) for start, end, text in edits)
        return Fix(new, helper=helper, torch=self.source.lacks_torch)


def fix_of(hit: Hit, site: Site, *, guarded: bool = False) -> Fix | None:
    """The mechanical change for a hit; None if there is none.

    Args:
        guarded: whether the code runs only with a device.
    """
    if not site.source.sound:
        return None
    node, parent = hit.node, site.outer(1)
    if isinstance(node, ast.ImportFrom):
        return _fix_import(node, site)
    if isinstance(node, (ast.stmt, ast.alias)):
        return None
    if hit.rule == "device-choice":
        return _fix_choice(node, site)
    if hit.rule == "cuda-method" and isinstance(node, ast.Call):
        return _fix_method(node, site)
    if hit.rule == "is-cuda" and isinstance(node, ast.Attribute):
        return _fix_is_cuda(node, site)
    if isinstance(node, (ast.Name, ast.Attribute)) and isinstance(parent, ast.Call) and parent.func is node:
        return _fix_name(node, parent, site, guarded=guarded)
    if hit.rule == "grad-scaler" and isinstance(node, ast.Call):
        return _with_type(node, [], site)
    if isinstance(node, ast.Constant) and hit.severity == "error":
        return _fix_text(hit, node, site)
    return None


def _fix_import(node: ast.ImportFrom, site: Site) -> Fix | None:
    start, end = site.source.span(node)
    at = site.source.data.find(b"torch.cuda.amp", start, end)
    if node.module != "torch.cuda.amp" or at < 0 or not site.source.amp_import():
        return None
    return site.fix((at, at + len(b"torch.cuda.amp"), "torch.amp"), helper=False)


def _fix_name(node: ast.Name | ast.Attribute, call: ast.Call, site: Site, *, guarded: bool) -> Fix | None:
    name, source = site.resolve(node) or "", site.source
    start, end = source.span(node)
    if not source.holds(node):
        return None
    if name in ("torch.cuda.amp.autocast", "torch.cuda.amp.GradScaler"):
        short = name.rpartition(".")[2]
        edits = [(start, end, f"{source.torch}.{'autocast' if short == 'autocast' else 'amp.GradScaler'}")]
        if isinstance(node, ast.Name):
            if not source.amp_import() or node.id != short:
                return None
            edits = []  # its import moves
        return _with_type(call, edits, site, shifts=short == "autocast")
    api = apis.lookup(name)
    if not api or not api.accelerator or call.keywords or not _starts_with_torch(node, site.resolve):
        return None
    if api.quiet and not guarded:
        return None  # on a CPU it does nothing, and the accelerator's function raises
    if api.rule == "cuda-available" and not _is_condition(call, site.ancestors):
        return None  # a variable keeps it, and code elsewhere depends on it
    return site.fix((start, end, f"{source.torch}.accelerator.{api.accelerator}"), helper=False)


def _is_condition(node: ast.expr, ancestors: Sequence[ast.AST]) -> bool:
    """Whether it is the condition, or a part of it, of the `if` or assertion around it."""
    child: ast.AST = node
    for parent in reversed(ancestors[:-1]):
        if isinstance(parent, (ast.If, ast.IfExp, ast.While, ast.Assert)):
            return parent.test is child
        if not isinstance(parent, (ast.BoolOp, ast.UnaryOp)):
            return False
        child = parent
    return False


def _starts_with_torch(node: ast.expr, resolve: Resolve) -> bool:
    """Whether it is written as an attribute of torch itself, so that no import becomes unused."""
    while isinstance(node, ast.Attribute):
        node = node.value
    return isinstance(node, ast.Name) and resolve(node) == "torch"


def _with_type(call: ast.Call, edits: list[_Change], site: Site, *, shifts: bool = False) -> Fix | None:
    """Insert the device's type as first argument of a call; if that `shifts`, the old first was `enabled`."""
    if (shifts and len(call.args) > 1) or any(isinstance(a, ast.Starred) for a in call.args):
        return None
    opening = _OPENING.match(site.source.data, site.source.span(call.func)[1])
    if not opening:
        return None
    more = ", " if call.args or call.keywords else ""
    named = "enabled=" if shifts and call.args else ""
    at = opening.end()
    return site.fix(*edits, (at, at, f"{site.source.helper}().type{more}{named}"))


def _fix_choice(node: ast.expr, site: Site) -> Fix | None:
    assert isinstance(node, ast.IfExp)
    sides = {side.value for side in (node.body, node.orelse) if isinstance(side, ast.Constant)}
    cuda = next((side for side in sides if str(side).startswith("cuda")), "")
    if "cpu" not in sides or not site.source.holds(node):
        return None
    # The innermost ancestor is the choice itself.
    return _replaced(node, str(cuda).partition(":")[2], site.outer(2), site)


def _replaced(node: ast.expr, index: str, parent: ast.AST | None, site: Site) -> Fix:
    """A device's text becomes the accelerator's type; `torch.device(...)` around it, the accelerator."""
    source = site.source
    if _makes_device(parent, node, site.resolve):
        return site.fix((*source.span(parent), f"{source.helper}({index})"))
    new = f"str({source.helper}({index}))" if index else f"{source.helper}().type"
    return site.fix((*source.span(node), new))


def _makes_device(parent: ast.AST | None, node: ast.expr, resolve: Resolve) -> TypeGuard[ast.Call]:
    """Whether the parent is `torch.device(...)` with the node as its only argument."""
    if not isinstance(parent, ast.Call) or parent.args != [node] or parent.keywords:
        return False
    return resolve(parent.func) == "torch.device"


def _fix_method(node: ast.Call, site: Site) -> Fix | None:
    source = site.source
    _, end = source.span(node.func)
    start = end - len(b".cuda")
    opening = _OPENING.match(source.data, end)
    named = any(k.arg in (None, "device") for k in node.keywords)
    if source.data[start:end] != b".cuda" or not opening or named:
        return None
    if not node.args:
        more = ", " if node.keywords else ""
        return site.fix((start, opening.end(), f".to({source.helper}(){more}"))
    first = node.args[0]
    number = isinstance(first, ast.Constant) and isinstance(first.value, int)
    if len(node.args) > 1 or not (number or _INDEX.fullmatch(name_of(first))):
        return None
    _, closed = source.span(first)
    return site.fix((start, opening.end(), f".to({source.helper}("), (closed, closed, ")"))


def _fix_is_cuda(node: ast.Attribute, site: Site) -> Fix | None:
    source, parent = site.source, site.outer(1)
    _, end = source.span(node)
    start = end - len(b"is_cuda")
    if source.data[start:end] != b"is_cuda":
        return None
    cpu = f"{source.quote}cpu{source.quote}"
    if isinstance(parent, ast.UnaryOp) and isinstance(parent.op, ast.Not):
        negation = re.compile(rb"not\s+").match(source.data, source.span(parent)[0])
        if not negation or negation.end() != source.span(node)[0]:
            return None
        return site.fix((*negation.span(), ""), (start, end, f"device.type == {cpu}"), helper=False)
    if not isinstance(parent, _PLAIN_PARENTS) or (isinstance(parent, ast.Call) and parent.func is node):
        return None
    return site.fix((start, end, f"device.type != {cpu}"), helper=False)


def _fix_text(hit: Hit, node: ast.Constant, site: Site) -> Fix | None:
    parent = site.outer(1)
    if isinstance(parent, ast.JoinedStr):
        return _fix_format(parent, site)
    if not isinstance(parent, _TEXT_PARENTS) or not site.source.holds(node):
        return None
    if hit.rule == "nccl":
        return _fix_backend(node, site)
    if hit.rule not in ("cuda-device", "autocast-cuda", "grad-scaler"):
        return None
    kind, _, index = str(node.value).partition(":")
    if kind != "cuda" or (index and not index.isdigit()) or (index and hit.rule != "cuda-device"):
        return None
    return _replaced(node, index, parent, site)


def _fix_format(node: ast.JoinedStr, site: Site) -> Fix | None:
    """`f"cuda:{rank}"`."""
    source, parent = site.source, site.outer(2)
    value = node.values[1] if len(node.values) == 2 else None
    if not isinstance(value, ast.FormattedValue) or value.conversion != -1 or value.format_spec:
        return None
    start, end = source.span(node)
    inner_start, inner_end = source.span(value.value)
    if not (start < inner_start < inner_end < end) or not source.holds(value.value):
        return None
    before, after = source.data[start:inner_start], source.data[inner_end:end]
    if not re.fullmatch(rb"[fF](['\"])cuda:\{\s*", before) or not re.fullmatch(rb"\s*\}['\"]", after):
        return None
    if _makes_device(parent, node, site.resolve):
        start, end = source.span(parent)
        return site.fix((start, inner_start, f"{source.helper}("), (inner_end, end, ")"))
    return site.fix((start, inner_start, f"str({source.helper}("), (inner_end, end, "))"))


def _fix_backend(node: ast.Constant, site: Site) -> Fix | None:
    source = site.source
    call = next((n for n in reversed(site.ancestors) if isinstance(n, ast.Call)), None)
    if node.value != "nccl" or call is None or site.resolve(call.func) not in _GROUPS:
        return None
    module = f"{source.torch}.distributed"
    if isinstance(call.func, ast.Attribute):
        start, end = source.span(call.func.value)
        module = source.data[start:end].decode()
    return site.fix((*source.span(node), f"{module}.get_default_backend_for_device({source.helper}())"))
