"""Strings: which string is a device, a back end or a variable, and which is only a word.

The same text may be a device (`x.to("cuda")`) or not (`print("cuda")`). The use of the string decides:
the nearest call, default, assignment, comparison or dictionary around it.
"""

import ast
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from npuport.audit.finding import Level, Shim
from npuport.audit.guards import Resolve, mentions_npu
from npuport.audit.packages import VARIABLE, judge_variable
from npuport.audit.rules import RULES
from npuport.audit.usage import name_of, usage_of

_DEVICE = re.compile(r"cuda(?::(?:\d+|\{\w*\}|%[ds])?)?")
_NCCL = re.compile(r"nccl|(?:\w+:\w+,)*cuda:nccl(?:,\w+:\w+)*", re.I)
_TENSOR = re.compile(r"torch\.cuda\.\w*Tensor")
_FLASH = re.compile(r"(?:kernels-community/|paged\|)?flash_attention_[23]|flash_attn_?[23]?")
_TOOL = re.compile(r"(?:\S*/)?(?:nvidia-smi|nvcc|nsys|ncu)(?:\s|$)")
_LIBRARY = re.compile(r"(?:\S*/)?lib(?:cuda|cudart|nccl|cublas|cudnn|nvrtc|cufft|nvidia-ml)\b[^ ]*\.so")
_SORT = re.compile(r"(?:self_)?(?:cuda|device)?_?cuda_(?:time(?:_total)?|memory_usage)")
_OTHER = re.compile("gpu|CUDAExecutionProvider")
#: A string that none of them matches is only a word, in any use.
_ANY = (_DEVICE, _NCCL, _TENSOR, _FLASH, _TOOL, _LIBRARY, _SORT, VARIABLE, _OTHER)
_DEVICE_WORD = re.compile(r"dev|map_location|accelerator|^loc(?:ation)?$|^to$", re.I)
_LIKE_DEVICE = re.compile(r"dev|location|^loc$|backend|accelerator|platform|target|^type$|gpu", re.I)
#: Parameters and keys whose value is text for users.
_PROSE = re.compile(
    r"help|desc|metavar|title|label|name|messages?|msg|text|doc|prefix|suffix|reason|summary|tags?|url|dest"
    r"|epilog|prog|usage|ids?|group|caption|legend|extras?|classifiers?|keywords?|topics?|color|style|token"
)
#: Functions that print, process text, or name things.
_TALK = re.compile(
    r"print|pprint|format|debug|info|warn(?:ing)?|error|exception|critical|log|fail|write|writelines|echo|split|rsplit"
    r"|partition|find|rfind|index|count|replace|strip|lstrip|rstrip|join|removeprefix|removesuffix|encode|match"
    r"|search|fullmatch|sub|compile|getattr|setattr|delattr|hasattr|isinstance|open|exists|glob|Path|title"
    r"|xlabel|ylabel|label|legend|text|add_parser|add_argument_group|add_mutually_exclusive_group|import_module"
    r"|find_spec|version|getLogger|get_logger|get|pop|ord|input|add_label|TypeVar|NewType|namedtuple"
    r"|endswith|skip|xfail|skipif|skipUnless|skipIf|deprecated|register\w*|Extension|find_package\w*|span|record_function"
    r"|\w*(?:Error|Exception|Warning)"
)
_AUTOCAST = {
    *("torch.autocast", "torch.amp.autocast", "torch.amp.autocast_mode.autocast", "torch.amp.custom_fwd"),
    *("torch.amp.custom_bwd", "torch.is_autocast_enabled", "torch.get_autocast_dtype"),
    *("torch.set_autocast_dtype", "torch.set_autocast_enabled", "torch.amp.is_autocast_available"),
}
SCALERS = {"torch.amp.GradScaler", "torch.amp.grad_scaler.GradScaler", "torch.GradScaler"}
_TAKES_DEVICE = {
    *("torch.device", "torch.set_default_device", "torch.Generator", "torch.load", "torch.jit.load"),
    *("torch.get_device_module", "torch.distributed.device_mesh.init_device_mesh", "torch.Stream"),
    *("torch.distributed.init_device_mesh", "torch.distributed.device_mesh.DeviceMesh", "torch.Event"),
}
_GROUP = re.compile(r"torch\.distributed\.(?:\w+\.)*(?:init_process_group|new_group|new_subgroups|Backend)")
_KNOWN = re.compile(r"(?:cpu|cuda|mps|xpu|npu|hpu|xla|hip|rocm|mtia|meta|auto)(?::\d+)?")
#: Modules whose functions take no device: the standard library, except what forwards arguments.
_PLAIN = sys.stdlib_module_names - {"builtins", "functools", "os", "dataclasses", "argparse"}
#: Collections from this length on are tables; nobody lists so many devices.
_LONG = 100
_BACKENDS = re.compile(r"gloo|mpi|ucc|hccl|xccl")
_ENVIRONMENT = {
    *("get", "getenv", "setdefault", "pop", "putenv", "unsetenv", "setenv", "delenv", "set_env"),
}
_TOOLS = {"nvidia-smi": "nvidia-smi", "nvcc": "cuda-extension"}


@dataclass(frozen=True)
class Hit:
    """A node that breaks a rule, before the conditions around it are considered.

    Args:
        level: None for the rule's; `neutral` and `shim` likewise.
    """

    node: ast.expr | ast.stmt | ast.alias
    rule: str
    what: str
    level: Level | None = None
    neutral: str = ""
    shim: Shim | None = None

    @property
    def severity(self) -> Level:
        """The hit's level, or else the rule's."""
        return self.level or RULES[self.rule].level


def judge_text(node: ast.Constant, text: str, ancestors: Sequence[ast.AST], resolve: Resolve) -> Hit | None:
    """What a string constant assumes; None if it is only a word.

    Args:
        text: the constant's value.
    """
    if len(text) > 200 or not any(pattern.match(text) for pattern in _ANY):
        return None
    if _TOOL.match(text) and ancestors and name_of(ancestors[-1]) == "split":
        return _tool(node, text)  # "nvidia-smi -L".split()
    string = _String(node, text, ancestors, resolve)
    hit = _judge(string) if string.use.kind != "none" else None
    return None if hit and string.is_beside_npu else hit


class _String:
    """A string constant and its use.

    Attributes:
        use: how it is used.
        callee: the full name of the function that it is an argument of; empty if unknown.
        called: the last word of that name.
        shown: the string as a report shows it.
        hit: makes a hit at the string.
    """

    def __init__(self, node: ast.Constant, text: str, ancestors: Sequence[ast.AST], resolve: Resolve) -> None:
        self.node, self.text, self.ancestors = node, text, ancestors
        self.hit = partial(Hit, node)
        self.use = usage_of(node, ancestors)
        call = self.use.call
        self.callee = (resolve(call.func) or "") if call else ""
        self.called = name_of(call.func) if call else ""
        around = self.use.around
        self.shown = ast.unparse(around) if isinstance(around, (ast.JoinedStr, ast.BinOp)) else repr(text)

    @property
    def is_beside_npu(self) -> bool:
        """Whether it is one of several values, one of them for the NPU."""
        around = self.use.around
        if around is None or around is self.node:
            return False
        return len(getattr(around, "elts", ())) < _LONG and mentions_npu(around)

    @property
    def is_for_text(self) -> bool:
        """Whether the called function processes text."""
        return bool(_TALK.fullmatch(self.called))

    @property
    def is_name(self) -> bool:
        """Whether a call takes it as a name or a message; the default of `get` is neither."""
        name, is_argument = self.use.name, self.use.kind == "argument"
        if self.called in ("add_argument", "add_option"):
            return is_argument
        if self.called in ("setattr", "getattr"):
            return name != "2"
        if is_argument and self.callee.partition(".")[0] in _PLAIN:
            return True
        second = self.called in ("get", "pop", "getenv", "setdefault") and name not in ("0", "")
        return self.is_for_text and not second

    def is_in_words(self, known: re.Pattern[str]) -> bool:
        """Whether it is one of several words, none of the others of the known kind."""
        around, kind = self.use.around, self.use.kind
        if not isinstance(around, (ast.List, ast.Tuple, ast.Set)) or _DEVICE_WORD.search(self.use.name):
            return False
        if ":" in self.text or kind in ("argument", "keyword"):
            return False
        others = [n.value for n in ast.walk(around) if isinstance(n, ast.Constant) and n is not self.node]
        return not any(isinstance(value, str) and known.fullmatch(value) for value in others)


def _judge(string: _String) -> Hit | None:
    text, use, shown = string.text, string.use, string.shown
    if variable := judge_variable(text):
        neutral = "the HCCL variable of the same purpose" if variable[0] == "nccl" else ""
        hit = string.hit(variable[0], text, variable[1], neutral, "no")
        return hit if _is_variable(string) else None
    if _TOOL.match(text):
        runs = string.called == "split" or not string.is_for_text
        return _tool(string.node, text) if runs and use.kind in ("argument", "assign", "keyword") else None
    if _LIBRARY.match(text):
        loads = use.kind == "argument" and not string.is_for_text
        return string.hit("cuda-extension", text) if loads else None
    if _DEVICE.fullmatch(text):
        loose = text.endswith(":") and not isinstance(string.ancestors[-1], (ast.JoinedStr, ast.BinOp))
        return None if loose and string.called != "startswith" else _judge_device(string)
    if _NCCL.fullmatch(text):
        return _judge_nccl(string)
    if _TENSOR.fullmatch(text) and not string.is_for_text:
        if use.kind == "compare":
            return string.hit("device-test", shown, shim="no")
        return string.hit("cuda-api", shown, shim="partly")
    if _FLASH.fullmatch(text) and re.search("attn|attention", use.name):
        return string.hit("flash-attn", shown, neutral='attn_implementation="sdpa"')
    if _SORT.fullmatch(text) and use.name in ("sort_by", "metric"):
        return string.hit("cuda-profiler", shown, neutral="the column of the device on which it ran")
    if text == "CUDAExecutionProvider" and use.kind != "compare" and not string.is_for_text:
        return string.hit("cuda-device", shown, "warning", '"CANNExecutionProvider" before it', "no")
    if text == "gpu" and use.name == "accelerator" and re.fullmatch(r"\w*(?:Trainer|Fabric)", string.called):
        return string.hit("cuda-device", shown, neutral='accelerator="auto"', shim="no")
    return None


def _judge_device(string: _String) -> Hit | None:
    use, called, shown = string.use, string.called, string.shown
    if use.kind == "compare":
        return _judge_test(string)
    if called == "startswith":
        func = use.call.func if use.call else None
        looks = isinstance(func, ast.Attribute) and _like_device(func.value)
        return string.hit("device-test", f"startswith({shown})") if looks else None
    if use.kind in ("index", "key"):
        return string.hit("cuda-device", shown, "warning") if _maps_devices(use.node, use.kind) else None
    if use.kind in ("argument", "keyword"):
        if string.callee in _AUTOCAST or (called.endswith("autocast") and use.name in ("0", "device_type")):
            return string.hit("autocast-cuda", f"{called}({shown})")
        if string.callee in SCALERS:
            return string.hit("grad-scaler", f"{called}({shown})", shim="no")
        if string.is_name:
            return None
    if use.kind == "argument":
        sure = string.callee in _TAKES_DEVICE or called == "to"
    elif _PROSE.fullmatch(use.name.lower()) or string.is_in_words(_KNOWN) or _in_enum(string.ancestors):
        return None
    else:
        sure = use.kind == "default" or use.name == "default" or bool(_DEVICE_WORD.search(use.name))
    return string.hit("cuda-device", shown, "error" if sure else "warning")


def _maps_devices(node: ast.AST | None, kind: str) -> bool:
    """Whether it is a key of a dictionary from devices to devices, as `map_location` takes."""
    if kind != "key" or not isinstance(node, ast.Dict) or len(node.keys) >= _LONG:
        return False
    return all(map(_is_device, [*node.keys, *node.values]))


def _in_enum(ancestors: Sequence[ast.AST]) -> bool:
    """Whether it is a member of an enumeration."""
    inner = next((n for n in reversed(ancestors) if isinstance(n, (ast.ClassDef, ast.FunctionDef))), None)
    return isinstance(inner, ast.ClassDef) and any("Enum" in name_of(base) for base in inner.bases)


def _is_device(node: ast.expr | None) -> bool:
    if isinstance(node, ast.JoinedStr) and node.values:
        return _is_device(node.values[0])
    return isinstance(node, ast.Constant) and bool(
        re.fullmatch(r"(?:cuda|cpu|npu)(?::\d*)?", str(node.value))
    )


def _judge_test(string: _String) -> Hit | None:
    node = string.use.node
    if not isinstance(node, ast.Compare):
        return string.hit("device-test", f"case {string.shown}")
    member = any(isinstance(op, (ast.In, ast.NotIn)) for op in node.ops) and node.left is string.node
    if member and not any(_like_device(side) for side in node.comparators):
        return None
    return string.hit("device-test", ast.unparse(node)[:60])


def _like_device(node: ast.expr) -> bool:
    """Whether a value looks like a device, or the text of one."""
    if isinstance(node, ast.Call):
        owner = [node.func.value] if isinstance(node.func, ast.Attribute) else []
        return any(map(_like_device, [*node.args, *owner]))
    return bool(_LIKE_DEVICE.search(name_of(node)))


def _judge_nccl(string: _String) -> Hit | None:
    use, called = string.use, string.called
    if use.kind == "compare":
        return string.hit("nccl", f"comparison with {string.shown}", "warning", shim="no")
    if _GROUP.fullmatch(string.callee) or called in ("init_process_group", "new_group"):
        return string.hit("nccl", f"{called}({string.shown})", shim="yes")
    backend = "backend" in use.name
    if use.kind in ("index", "key", "item") and not backend:
        return None
    if use.kind in ("argument", "keyword") and string.is_name:
        return None
    if use.kind != "argument" and _PROSE.fullmatch(use.name.lower()):
        return None
    if not backend and string.is_in_words(_BACKENDS):
        return None
    return string.hit("nccl", string.shown, "warning" if use.kind == "argument" else "error")


def _tool(node: ast.expr, text: str) -> Hit:
    name = text.split()[0]
    return Hit(node, _TOOLS.get(name.rpartition("/")[2], "cuda-profiler"), name)


def _is_variable(string: _String) -> bool:
    """Whether the name of an environment variable is used as one."""
    use = string.use
    around = use.node.value if isinstance(use.node, ast.Subscript) else None
    return (
        (use.kind == "argument" and string.called in _ENVIRONMENT)
        or (use.kind == "index" and bool(re.search("env", name_of(around), re.I)))
        or use.kind in ("key", "compare")
    )
